using System.Buffers;
using Orleans;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.WireProtocol;

namespace Xtmp.Runtime;

/// <summary>A reply between silos, in the encoding of wire.yaml.</summary>
[RegisterSerializer]
internal sealed class XtmpReplyCodec : IFieldCodec<XtmpReply>
{
    public void WriteField<TBuffer>(ref Writer<TBuffer> writer, uint fieldIdDelta, Type? expectedType, XtmpReply value)
        where TBuffer : IBufferWriter<byte> =>
        WireField.Write(ref writer, fieldIdDelta, expectedType, typeof(XtmpReply), value.ToBytes());

    public XtmpReply ReadValue<TInput>(ref Reader<TInput> reader, Field field) => XtmpReply.FromBytes(WireField.Read(ref reader, field));
}

/// <summary>Within a silo the value itself: messages are immutable.</summary>
[RegisterCopier]
internal sealed class XtmpReplyCopier : ShallowCopier<XtmpReply>;
