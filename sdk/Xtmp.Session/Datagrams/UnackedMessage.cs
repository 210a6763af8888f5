using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A message that asks for an ack, and is sent again until it comes.</summary>
internal sealed class UnackedMessage
{
    public BatchEntry Entry { get; set; }

    /// <summary>What follows the entry; null until the first datagram with it is written.</summary>
    public byte[]? Body { get; set; }

    public int Attempts { get; set; } = 1;

    public TimeSpan ResendAt { get; set; } = TimeSpan.MaxValue;
}
