using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>A request with the trace context behind it (SPEC §1, payload rule 6).</summary>
internal sealed class TracedRequest(IXtmpMessage request, ActivityContext trace) : IXtmpMessage
{
    public MessageInfo Info => request.Info;

    public int GetEncodedSize() => request.GetEncodedSize() + TraceContext.GetSize(in trace);

    public int Encode(Span<byte> destination)
    {
        var length = request.Encode(destination);
        return length + TraceContext.Write(in trace, destination[length..]);
    }

    public void Encode(IBufferWriter<byte> output)
    {
        var span = output.GetSpan(GetEncodedSize());
        output.Advance(Encode(span));
    }

    public bool TryValidate(out ValidationError error) => request.TryValidate(out error);

    public void WriteJson(Utf8JsonWriter writer) => request.WriteJson(writer);
}
