namespace Xtmp.Session.Tests;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan s_start = TimeSpan.FromHours(1);
    private readonly KeepAlive _keepAlive = new(SessionLimits.Default, s_start);

    [Fact]
    public void a_heartbeat_is_due_after_the_interval_and_once()
    {
        Assert.False(_keepAlive.RunHeartbeat(s_start + TimeSpan.FromSeconds(29.9)));
        Assert.False(_keepAlive.IsFrameDue);
        Assert.True(_keepAlive.RunHeartbeat(s_start + TimeSpan.FromSeconds(30)));
        Assert.Equal((1ul, false), Write(TimeSpan.FromSeconds(30)));
        Assert.False(_keepAlive.IsFrameDue);
        Assert.Equal(s_start + TimeSpan.FromSeconds(60), _keepAlive.HeartbeatAt);
    }

    [Fact]
    public void only_the_latest_of_many_heartbeats_is_answered()
    {
        for (ulong token = 0; token < 1000; token++)
        {
            _keepAlive.Receive(token, isReply: false, s_start);
        }

        Assert.Equal((999ul, true), Write(TimeSpan.Zero));
        Assert.False(_keepAlive.IsFrameDue);
    }

    [Fact]
    public void the_round_trip_counts_the_answer_to_the_latest_token_and_no_other()
    {
        _keepAlive.RequestHeartbeat();
        var (token, _) = Write(TimeSpan.Zero);
        _keepAlive.Receive(token + 1, isReply: true, s_start + TimeSpan.FromMilliseconds(1));
        Assert.Null(_keepAlive.RoundTrip);
        _keepAlive.Receive(token, isReply: true, s_start + TimeSpan.FromMilliseconds(80));
        Assert.Equal(TimeSpan.FromMilliseconds(80), _keepAlive.RoundTrip);
        _keepAlive.Receive(token, isReply: true, s_start + TimeSpan.FromMilliseconds(800));
        Assert.Equal(TimeSpan.FromMilliseconds(80), _keepAlive.RoundTrip);
    }

    [Fact]
    public void the_average_takes_an_eighth_of_what_is_new_and_no_negative_time()
    {
        _keepAlive.Measured(TimeSpan.FromMilliseconds(80));
        _keepAlive.Measured(TimeSpan.FromMilliseconds(160));
        Assert.Equal(TimeSpan.FromMilliseconds(90), _keepAlive.RoundTrip);
        _keepAlive.Measured(TimeSpan.FromMilliseconds(-1));
        Assert.Equal(TimeSpan.FromMilliseconds(90), _keepAlive.RoundTrip);
    }

    [Fact]
    public void frames_move_the_peer_timeout_and_messages_the_idle_timeout()
    {
        var later = s_start + TimeSpan.FromSeconds(50);
        _keepAlive.Heard(later);
        Assert.Equal(later + SessionLimits.Default.PeerTimeout, _keepAlive.PeerLostAt);
        Assert.Equal(s_start + SessionLimits.Default.IdleTimeout, _keepAlive.IdleAt);
        _keepAlive.Used(later);
        Assert.Equal(later + SessionLimits.Default.IdleTimeout, _keepAlive.IdleAt);
    }

    private (ulong Token, bool IsReply) Write(TimeSpan after)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var length = _keepAlive.Write(payload, s_start + after);
        Assert.True(ControlMessages.TryReadHeartbeat(payload[..length], out var token, out var isReply));
        return (token, isReply);
    }
}
