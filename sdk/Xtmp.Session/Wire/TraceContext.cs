using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace Xtmp.Session;

/// <summary>
/// The W3C trace context that a request may carry behind its message (SPEC §1, payload rule 6): a MessagePack extension
/// of type 1 with trace id, parent id, flags and the trace state.
/// </summary>
public static class TraceContext
{
    /// <summary>Greatest trace state that is carried; a longer one is left out.</summary>
    public const int MaxStateBytes = 512;

    private const byte Ext8 = 0xC7;
    private const byte Ext16 = 0xC8;
    private const byte ExtensionType = 1;
    private const int TraceIdSize = 16;
    private const int SpanIdSize = 8;
    private const int FixedSize = TraceIdSize + SpanIdSize + 1;

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    public static int GetSize(in ActivityContext context)
    {
        var body = FixedSize + StateOf(in context).Length;
        return body + (body <= byte.MaxValue ? 3 : 4);
    }

    public static int Write(in ActivityContext context, Span<byte> destination)
    {
        var state = StateOf(in context);
        var body = FixedSize + state.Length;
        int at;
        if (body <= byte.MaxValue)
        {
            destination[0] = Ext8;
            destination[1] = (byte)body;
            destination[2] = ExtensionType;
            at = 3;
        }
        else
        {
            destination[0] = Ext16;
            BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)body);
            destination[3] = ExtensionType;
            at = 4;
        }

        context.TraceId.CopyTo(destination.Slice(at, TraceIdSize));
        context.SpanId.CopyTo(destination.Slice(at + TraceIdSize, SpanIdSize));
        destination[at + FixedSize - 1] = (byte)context.TraceFlags;
        return at + FixedSize + Encoding.ASCII.GetBytes(state, destination[(at + FixedSize)..]);
    }

    /// <summary>
    /// Reads what follows a request's message. True with a length of 0 where there is only padding, false where there is
    /// something that is neither.
    /// </summary>
    /// <param name="rest">The payload behind the message.</param>
    /// <param name="context">The caller's span; default where none is carried.</param>
    /// <param name="length">Bytes of it.</param>
    public static bool TryRead(ReadOnlySpan<byte> rest, out ActivityContext context, out int length)
    {
        context = default;
        length = 0;
        if (rest.IsEmpty || rest[0] == 0)
        {
            return true;
        }

        int body;
        int at;
        if (rest[0] == Ext8 && rest.Length >= 3 && rest[2] == ExtensionType)
        {
            (body, at) = (rest[1], 3);
        }
        else if (rest[0] == Ext16 && rest.Length >= 4 && rest[3] == ExtensionType)
        {
            (body, at) = (BinaryPrimitives.ReadUInt16BigEndian(rest[1..]), 4);
        }
        else
        {
            return false;
        }

        if (body < FixedSize || body > FixedSize + MaxStateBytes || (at == 4 && body <= byte.MaxValue) || rest.Length < at + body)
        {
            return false;
        }

        var traceId = rest.Slice(at, TraceIdSize);
        var spanId = rest.Slice(at + TraceIdSize, SpanIdSize);
        var state = rest.Slice(at + FixedSize, body - FixedSize);
        if (!traceId.ContainsAnyExcept((byte)0) || !spanId.ContainsAnyExcept((byte)0) || state.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E))
        {
            return false;
        }

        length = at + body;
        context = new ActivityContext(
            ActivityTraceId.CreateFromBytes(traceId),
            ActivitySpanId.CreateFromBytes(spanId),
            (ActivityTraceFlags)rest[at + FixedSize - 1] & ActivityTraceFlags.Recorded,
            state.IsEmpty ? null : Encoding.ASCII.GetString(state),
            isRemote: true);
        return true;
    }

    private static string StateOf(in ActivityContext context) =>
        context.TraceState is { } state && state.Length <= MaxStateBytes && !state.AsSpan().ContainsAnyExceptInRange(' ', '~') ? state : "";
}
