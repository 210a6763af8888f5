namespace Xtmp.Session;

/// <summary>
/// Something a session has to say. <see cref="Payload"/> points into the session's receive buffer and is valid until the
/// next call of <see cref="XtmpSession.PollEvent"/> or Dispose on that session; decode or copy it before.
/// Calls of Handle… and Send… leave it alone.
/// </summary>
public struct SessionEvent
{
    public SessionEventKind Kind { get; internal set; }

    /// <summary>Message code, for the kinds that carry a message.</summary>
    public byte Code { get; internal set; }

    /// <summary>True where the message came by datagram.</summary>
    public bool IsDatagram { get; internal set; }

    /// <summary>While it waits in the queue: the payload is still compressed.</summary>
    internal bool IsCompressed { get; set; }

    /// <summary>While it waits in the queue: its exchange is over once it is taken.</summary>
    internal bool EndsExchange { get; set; }

    /// <summary>The exchange it belongs to; 0 for plain one-way messages.</summary>
    public ulong ExchangeId { get; internal set; }

    /// <summary>
    /// The message as sent: decrypted, reassembled, decompressed, without an item number. One MessagePack value, and
    /// after it zero or more padding bytes; <see cref="Protocol.IXtmpStruct{TSelf}.TryDecode"/> tells the length of the
    /// value and <see cref="PayloadPadding.IsValid"/> checks the rest.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; internal set; }

    /// <summary>With <see cref="SessionEventKind.Item"/>: from 0, without gaps on the stream transport.</summary>
    public ulong ItemNumber { get; internal set; }

    /// <summary>With <see cref="SessionEventKind.CreditAvailable"/>: items below this number may be sent.</summary>
    public ulong Credit { get; internal set; }

    internal object? Detail { get; set; }

    /// <summary>With <see cref="SessionEventKind.Established"/>.</summary>
    public readonly EstablishedSession? Established => Detail as EstablishedSession;

    /// <summary>With <see cref="SessionEventKind.Error"/>.</summary>
    public readonly RemoteError? Error => Detail as RemoteError;

    /// <summary>With <see cref="SessionEventKind.TicketReceived"/>.</summary>
    public readonly SessionTicket? Ticket => Detail as SessionTicket;

    /// <summary>With <see cref="SessionEventKind.Closed"/>.</summary>
    public readonly SessionClose? Close => Detail as SessionClose;

    /// <summary>Kind, code and exchange; never the payload.</summary>
    public override readonly string ToString() => $"{Kind} code 0x{Code:X2} exchange {ExchangeId}";
}
