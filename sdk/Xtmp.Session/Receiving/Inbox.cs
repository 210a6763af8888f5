using System.Buffers.Binary;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Messages of the peer from the opened frame to the application: tested when they come, then held as events until they are
/// taken, and only then decompressed. A broken rule is a <see cref="SessionClose"/>.
/// </summary>
internal sealed class Inbox(ExchangeTable exchanges, int maxMessageBytes, CompressionBounds? bounds) : IDisposable
{
    private readonly EventQueue _events = new();
    private readonly Decompressor _decompressor = new(maxMessageBytes, bounds);

    /// <summary>Memory of the payloads that wait.</summary>
    public ReceiveArena Arena { get; } = new();

    /// <summary>Requests and one-way messages are not reported any more: this end has ended the session.</summary>
    public bool WithholdsWork { get; set; }

    /// <summary>Adds an event that is not a message.</summary>
    public void Report(SessionEventKind kind, object? detail = null)
    {
        ref var added = ref _events.Add();
        added.Kind = kind;
        added.Detail = detail;
    }

    /// <summary>A Credit message.</summary>
    public SessionClose? ReceiveCredit(ulong id, ulong limit)
    {
        var violation = exchanges.ReceiveCredit(id, limit, out var exchange);
        if (exchange.Code != 0)
        {
            ref var added = ref _events.Add();
            added.Kind = SessionEventKind.CreditAvailable;
            added.Code = exchange.Code;
            added.ExchangeId = id;
            added.Credit = limit;
        }

        return violation;
    }

    /// <summary>A message of the peer, in memory of <see cref="Arena"/>; <paramref name="reception"/> tells what is to be answered at once.</summary>
    public SessionClose? Receive(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram, out Reception reception)
    {
        var isCompressed = (message.Flags & FrameFlags.Compressed) != 0;
        if (isCompressed && !_decompressor.IsAcceptable(in message, payload))
        {
            reception = default;
            return Uncompressible(message.MessageType);
        }

        var violation = exchanges.Receive(in message, payload, out reception);
        if (violation is not null || reception.Event == SessionEventKind.None)
        {
            return violation;
        }

        ref var added = ref _events.Add();
        added.Kind = reception.Event;
        added.Code = message.MessageType;
        added.IsDatagram = isDatagram;
        added.EndsExchange = reception.EndsExchange;
        added.ExchangeId = message.ExchangeId;
        if (reception.Error is not null)
        {
            added.Detail = reception.Error;
        }

        if (reception.Event is not (SessionEventKind.Ack or SessionEventKind.Cancel))
        {
            added.IsCompressed = isCompressed;
            added.Payload = payload;
        }

        return null;
    }

    /// <summary>
    /// The next event, whose payload is valid until the next call; of kind None where there is nothing to report after all,
    /// with what was wrong, if anything. False when nothing waits: all memory is given back then.
    /// </summary>
    public bool TryTake(out SessionEvent next, out SessionClose? violation)
    {
        _decompressor.Dispose();
        violation = null;
        if (!_events.TryTake(out next))
        {
            Arena.Reset();
            _events.Reset();
            return false;
        }

        var isWanted = !(WithholdsWork && next.Kind is SessionEventKind.Request or SessionEventKind.OneWay)
            & (!next.EndsExchange || exchanges.TryTakeAnswer(next.ExchangeId));
        if (isWanted && next.IsCompressed)
        {
            violation = Decompress(ref next);
        }

        if (isWanted && violation is null && next.Kind == SessionEventKind.Item)
        {
            violation = TakeItem(ref next, out isWanted);
        }

        if (!isWanted || violation is not null)
        {
            next = new() { IsDatagram = next.IsDatagram };
        }

        return true;
    }

    public void Dispose()
    {
        _decompressor.Dispose();
        _events.Dispose();
        Arena.Dispose();
    }

    private static SessionClose Uncompressible(byte code) =>
        SessionClose.Violation(SessionCloseReason.LimitExceeded, $"A compressed message 0x{code:X2} may not be, or claims more bytes than it can have.");

    private SessionClose? Decompress(ref SessionEvent next)
    {
        var payload = next.Payload;
        var violation = _decompressor.Decompress(ref payload);
        next.Payload = payload;
        return violation;
    }

    private SessionClose? TakeItem(ref SessionEvent next, out bool isWanted)
    {
        isWanted = false;
        if (next.Payload.Length < sizeof(ulong))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, $"An item of exchange {next.ExchangeId} is too short for its number.");
        }

        next.ItemNumber = BinaryPrimitives.ReadUInt64LittleEndian(next.Payload.Span);
        next.Payload = next.Payload[sizeof(ulong)..];
        return exchanges.TakeItem(next.ExchangeId, next.ItemNumber, out isWanted);
    }
}
