using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The close of a session in order: what Disconnect says, and how long the link may take until it is written.</summary>
/// <param name="Reason">Why this end closes.</param>
/// <param name="Text">For a person at the other end, or null.</param>
/// <param name="Since">When it began.</param>
internal sealed record GracefulClose(DisconnectReason Reason, string? Text, TimeSpan Since)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    public TimeSpan Deadline => Since + s_timeout;

    /// <summary>Disconnect is written.</summary>
    public SessionClose Written => new(
        Reason == DisconnectReason.IdleTimeout ? SessionCloseReason.IdleTimeout : SessionCloseReason.LocalClose,
        Fault.Local,
        Reason == DisconnectReason.SlowConsumer ? XtmpErrorCode.ConnectionClosed : CloseCodes.Of(Reason),
        $"Closed by this end: {Reason}.");

    /// <summary>The deadline has passed.</summary>
    public SessionClose TimedOut =>
        SessionClose.Violation(SessionCloseReason.LocalClose, $"The link took nothing for {s_timeout.TotalSeconds:0} s of closing.", Fault.Network);

    /// <summary>Writes the payload of Disconnect; returns its length.</summary>
    public int WriteDisconnect(Span<byte> destination) => ControlMessages.WriteDisconnect(destination, Reason, Text);
}
