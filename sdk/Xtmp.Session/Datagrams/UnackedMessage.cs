using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A message sent by datagram that waits for its ack, and is sent again until it comes.</summary>
internal sealed class UnackedMessage(BatchEntry entry, byte[] body)
{
    public BatchEntry Entry { get; } = entry;

    public byte[] Body { get; } = body;

    public int Attempts { get; set; } = 1;

    public TimeSpan ResendAt { get; set; } = TimeSpan.MaxValue;
}
