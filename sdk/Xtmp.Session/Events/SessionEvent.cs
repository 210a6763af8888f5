namespace Xtmp.Session;

/// <summary>
/// Something a session has to say. <see cref="Payload"/> points into the session's receive buffer and is valid until the
/// next call of <see cref="XtmpSession.PollEvent"/> or Dispose on that session; decode or copy it before.
/// Calls of Handle… and Send… leave it alone.
/// </summary>
public readonly struct SessionEvent
{
    public SessionEventKind Kind { get; internal init; }

    /// <summary>Message code, for the kinds that carry a message.</summary>
    public byte Code { get; internal init; }

    /// <summary>The exchange it belongs to; 0 for plain one-way messages.</summary>
    public ulong ExchangeId { get; internal init; }

    /// <summary>
    /// The message as sent: decrypted, reassembled, decompressed, without an item number. One MessagePack value, and
    /// after it zero or more padding bytes; <see cref="Protocol.IXtmpStruct{TSelf}.TryDecode"/> tells the length of the
    /// value and <see cref="PayloadPadding.IsValid"/> checks the rest.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; internal init; }

    /// <summary>With <see cref="SessionEventKind.Item"/>: from 0, without gaps on the stream transport.</summary>
    public ulong ItemNumber { get; internal init; }

    /// <summary>With <see cref="SessionEventKind.CreditAvailable"/>: items below this number may be sent.</summary>
    public ulong Credit { get; internal init; }

    /// <summary>True where the message came by datagram.</summary>
    public bool IsDatagram { get; internal init; }

    internal object? Detail { get; init; }

    /// <summary>With <see cref="SessionEventKind.Established"/>.</summary>
    public EstablishedSession? Established => Detail as EstablishedSession;

    /// <summary>With <see cref="SessionEventKind.Error"/>.</summary>
    public RemoteError? Error => Detail as RemoteError;

    /// <summary>With <see cref="SessionEventKind.TicketReceived"/>.</summary>
    public SessionTicket? Ticket => Detail as SessionTicket;

    /// <summary>With <see cref="SessionEventKind.Closed"/>.</summary>
    public SessionClose? Close => Detail as SessionClose;

    /// <summary>Kind, code and exchange; never the payload.</summary>
    public override string ToString() => $"{Kind} code 0x{Code:X2} exchange {ExchangeId}";
}
