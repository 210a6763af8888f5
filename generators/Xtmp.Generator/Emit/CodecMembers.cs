namespace Xtmp.Generator;

/// <summary>The public encode and decode members, which are the same for every struct, message and union.</summary>
internal static class CodecMembers
{
    public static void Emit(CodeWriter code, string name)
    {
        code.Lines(
            "",
            $"public int GetEncodedSize() => checked((int){name}Codec.ExactSize(this));",
            "");
        code.Open("public int Encode(global::System.Span<byte> destination)");
        code.Guarded(
            $"if ({name}Codec.MostSize(this) > destination.Length && {name}Codec.ExactSize(this) > destination.Length)",
            "throw new global::System.ArgumentException(\"The destination is shorter than the encoding.\", nameof(destination));");
        code.Line("ref byte start = ref global::System.Runtime.InteropServices.MemoryMarshal.GetReference(destination);");
        code.Line($"return (int)global::System.Runtime.CompilerServices.Unsafe.ByteOffset(ref start, ref {name}Codec.Write(ref start, this));");
        code.Close();
        code.Line();
        code.Open("public void Encode(global::System.Buffers.IBufferWriter<byte> output)");
        code.Line($"long size = {name}Codec.MostSize(this);");
        code.Guarded("if (size > 1024)", $"size = {name}Codec.ExactSize(this);");
        code.Line("var destination = output.GetSpan(checked((int)size));");
        code.Guarded("if (destination.Length < size)", "throw new global::System.ArgumentException(\"The writer gave less room than it was asked for.\", nameof(output));");
        code.Line("ref byte start = ref global::System.Runtime.InteropServices.MemoryMarshal.GetReference(destination);");
        code.Line($"output.Advance((int)global::System.Runtime.CompilerServices.Unsafe.ByteOffset(ref start, ref {name}Codec.Write(ref start, this)));");
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
