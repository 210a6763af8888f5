using System.Buffers;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Xtmp.Runtime;

/// <summary>Bytes of ours as one length-prefixed field of an Orleans message.</summary>
internal static class WireField
{
    public static void Write<TBuffer>(ref Writer<TBuffer> writer, uint fieldIdDelta, Type? expectedType, Type actualType, byte[] bytes)
        where TBuffer : IBufferWriter<byte>
    {
        ReferenceCodec.MarkValueField(writer.Session);
        writer.WriteFieldHeader(fieldIdDelta, expectedType!, actualType, WireType.LengthPrefixed);
        writer.WriteVarUInt32((uint)bytes.Length);
        writer.Write(bytes);
    }

    public static byte[] Read<TInput>(ref Reader<TInput> reader, Field field)
    {
        ReferenceCodec.MarkValueField(reader.Session);
        field.EnsureWireType(WireType.LengthPrefixed);
        return reader.ReadBytes(reader.ReadVarUInt32());
    }
}
