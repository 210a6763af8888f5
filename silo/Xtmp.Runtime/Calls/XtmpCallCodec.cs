using System.Buffers;
using Orleans;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.WireProtocol;

namespace Xtmp.Runtime;

/// <summary>A call between silos, in the encoding of wire.yaml.</summary>
[RegisterSerializer]
internal sealed class XtmpCallCodec : IFieldCodec<XtmpCall>
{
    public void WriteField<TBuffer>(ref Writer<TBuffer> writer, uint fieldIdDelta, Type? expectedType, XtmpCall? value)
        where TBuffer : IBufferWriter<byte> =>
        WireField.Write(ref writer, fieldIdDelta, expectedType, typeof(XtmpCall), value!.ToBytes());

    public XtmpCall ReadValue<TInput>(ref Reader<TInput> reader, Field field) => XtmpCall.FromBytes(WireField.Read(ref reader, field));
}

/// <summary>Within a silo the value itself: messages are immutable.</summary>
[RegisterCopier]
internal sealed class XtmpCallCopier : ShallowCopier<XtmpCall>;
