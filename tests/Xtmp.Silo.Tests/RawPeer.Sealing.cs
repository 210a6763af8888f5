using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Session.Tests;

namespace Xtmp.Silo.Tests;

/// <content>Frames that a session would never make, sealed with its real keys.</content>
internal sealed partial class RawPeer
{
    /// <summary>The sending keys of the established session.</summary>
    public TrafficKeys Keys => Session.SendKeys();

    public byte[] Seal(byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload, FrameFlags flags = FrameFlags.None, ulong? sessionId = null) =>
        ForgedFrames.Seal(Keys, sessionId ?? Session.SessionId, code, kind, exchangeId, payload, flags);

    public byte[] SealFragment(byte code, uint number, uint total, uint offset, ReadOnlySpan<byte> part) =>
        Seal(code, FrameKind.OneWay, 0, ForgedFrames.Fragment(number, total, offset, part), FrameFlags.Fragmented);
}
