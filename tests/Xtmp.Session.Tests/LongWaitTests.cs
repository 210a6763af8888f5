using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>Times beyond what a 32-bit count of milliseconds holds (49.7 days), and what comes after the end of a session.</summary>
public sealed class LongWaitTests
{
    private static readonly SessionLimits s_slow = SessionLimits.Default with
    {
        HeartbeatInterval = TimeSpan.FromDays(60),
        PeerTimeout = TimeSpan.FromDays(150),
        IdleTimeout = TimeSpan.FromDays(400),
        RekeyInterval = TimeSpan.FromDays(200),
        ReassemblyTimeout = TimeSpan.FromDays(90),
    };

    [Fact]
    public void timers_longer_than_49_days_are_due_when_they_say()
    {
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = s_slow }, PairOptions.Server with { Limits = s_slow });
        var start = pair.Clock.Now.Monotonic;
        Assert.Equal(start + TimeSpan.FromDays(60), pair.Client.Session.PollTimeout());
        pair.Client.Session.HandleTimeout(pair.Clock.Now + TimeSpan.FromDays(50));
        Assert.Equal(start + TimeSpan.FromDays(60), pair.Client.Session.PollTimeout());
        pair.Advance(TimeSpan.FromDays(399));
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        Assert.Equal(2u, pair.Client.Session.Epoch);
        pair.Advance(TimeSpan.FromDays(2));
        Assert.Equal(XtmpErrorCode.IdleTimeout, pair.Client.Single(SessionEventKind.Closed).Close!.Code);
    }

    [Fact]
    public void a_peer_that_is_silent_for_150_days_is_given_up_then_and_not_before()
    {
        using var pair = ExchangeTests.Established(PairOptions.Client with { Limits = s_slow }, PairOptions.Server with { Limits = s_slow });
        pair.ToClient = _ => [];
        pair.Advance(TimeSpan.FromDays(149));
        Assert.Equal(SessionState.Established, pair.Client.Session.State);
        pair.Advance(TimeSpan.FromDays(1));
        HandshakeTests.AssertClosed(pair.Client, SessionCloseReason.PeerSilent);
    }

    [Fact]
    public void nothing_that_came_with_a_violation_is_handed_on()
    {
        using var pair = ExchangeTests.Established();
        var raw = new RawPeer(pair);
        var batch = RawPeer.BatchOf(
            (0x20, FrameKind.Request, 1, [1], 0),
            (0x20, FrameKind.OneWay, 0, [2], 0),
            (0x20, FrameKind.Response, 2, [3], 0),
            (0x20, FrameKind.Request, 3, [4], 0));
        raw.Send(FrameCode.Batch, FrameKind.OneWay, 0, batch);
        HandshakeTests.AssertClosed(pair.Server, SessionCloseReason.UnexpectedMessage);
        Assert.Empty(pair.Server.Of(SessionEventKind.Request));
        Assert.Empty(pair.Server.Of(SessionEventKind.OneWay));
        Assert.False(pair.Server.Session.SendResponse(1, (byte[])[5]));
        raw.Send(0x20, FrameKind.Request, 5, [6]);
        Assert.Equal(SessionEventKind.Closed, pair.Server.Events[^1].Kind);
    }
}
