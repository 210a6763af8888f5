namespace Xtmp.Generator;

/// <summary>The public encode and decode members, which are the same for every struct, message and union.</summary>
internal static class CodecMembers
{
    private const string Unsafe = "global::System.Runtime.CompilerServices.Unsafe";
    private const string Reference = "global::System.Runtime.InteropServices.MemoryMarshal.GetReference";

    public static void Emit(CodeWriter code, string name)
    {
        code.Lines(
            "",
            $"public int GetEncodedSize() => checked((int){name}Codec.ExactSize(this));",
            "");
        code.Line($"public int Encode(global::System.Span<byte> destination) => (int){Unsafe}.ByteOffset(ref {Reference}(destination), ref {name}Codec.Write(ref {SourceFile.Protocol}.EncodeTarget.In(destination, {name}Codec.MaxSize(this) <= destination.Length ? 0 : {name}Codec.ExactSize(this)), this));");
        code.Line();
        code.Open("public void Encode(global::System.Buffers.IBufferWriter<byte> output)");
        code.Line($"long size = {name}Codec.MaxSize(this);");
        code.Line($"ref byte start = ref {SourceFile.Protocol}.EncodeTarget.In(output, size > {SourceFile.Protocol}.EncodeTarget.AmpleSize ? {name}Codec.ExactSize(this) : size);");
        code.Line($"output.Advance((int){Unsafe}.ByteOffset(ref start, ref {name}Codec.Write(ref start, this)));");
        code.Close();
        code.Line();
        code.Open($"public static {SourceFile.Protocol}.DecodeStatus TryDecode(global::System.ReadOnlySpan<byte> source, {SourceFile.Protocol}.DecodeLimits limits, out {name}? value, out int consumed, out {SourceFile.Protocol}.DecodeError error)");
        code.Line($"var state = new {SourceFile.Protocol}.DecodeState(limits);");
        code.Line($"int end = {name}Codec.Read(source, 0, ref state, out value);");
        code.Line("return state.Finish(end, out consumed, out error);");
        code.Close();
        code.Lines("", $"public static {name} ReadJson(global::System.Text.Json.JsonElement element) => {name}Codec.ReadJson(new {SourceFile.Protocol}.JsonInput(element));");
    }
}
