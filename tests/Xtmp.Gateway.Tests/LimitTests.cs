using System.Net;
using Xtmp.Protocol;

namespace Xtmp.Gateway.Tests;

public sealed class LimitTests
{
    private static readonly CallerInfo Anonymous = new() { SessionId = 1, PeerAddress = "192.0.2.1:1" };

    [Fact]
    public void a_bucket_gives_its_burst_and_then_its_rate()
    {
        var bucket = default(TokenBucket);
        var rate = new Rate(10, 3);
        var now = TimeSpan.FromSeconds(100);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(bucket.TryTake(rate, now, out _));
        }

        Assert.False(bucket.TryTake(rate, now, out var retryAfter));
        Assert.Equal(0.1, retryAfter.TotalSeconds, precision: 6);
        Assert.False(bucket.TryTake(rate, now + TimeSpan.FromSeconds(0.09), out _));
        Assert.True(bucket.TryTake(rate, now + TimeSpan.FromSeconds(0.2), out _));
        Assert.False(bucket.IsFull(rate, now + TimeSpan.FromSeconds(0.3)));
        Assert.True(bucket.IsFull(rate, now + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void an_anonymous_session_creates_less_than_one_that_is_known()
    {
        var rates = new CallRates(RateLimits.Default);
        Assert.Equal(RateLimits.Default.Anonymous.Create.Burst, Count(rates, Anonymous));
        Assert.Equal(RateLimits.Default.Session.Create.Burst, Count(rates, Anonymous with { IdentityFingerprint = new byte[32] }));
    }

    [Fact]
    public void an_identity_has_one_limit_over_all_its_sessions()
    {
        var rates = new CallRates(RateLimits.Default);
        var known = Anonymous with { IdentityFingerprint = new byte[32] };
        Assert.Equal(RateLimits.Default.Identity.Create.Burst, Enumerable.Range(0, 10).Sum(_ => Count(rates, known)));
    }

    [Fact]
    public void an_address_has_one_limit_however_many_identities_it_makes()
    {
        var rates = new CallRates(RateLimits.Default);
        var made = Enumerable.Range(0, 100).Sum(index => Count(rates, Anonymous with { IdentityFingerprint = BitConverter.GetBytes((long)index) }));
        Assert.Equal(RateLimits.Default.Address.Create.Burst, made);
    }

    [Fact]
    public void what_a_caller_uses_at_one_gateway_it_has_less_at_another()
    {
        var limits = RateLimits.None with { Identity = new CostRates { Create = new(1, 10) }, Total = new CostRates { Create = new(1, 12) } };
        var (one, two) = (new CallRates(limits), new CallRates(limits));
        var known = Anonymous with { IdentityFingerprint = new byte[32] };
        for (var call = 0; call < 7; call++)
        {
            Assert.True(one.TryTake(new SessionBuckets(), known, "a", CallCost.Create, TimeSpan.FromSeconds(1), out _));
        }

        Pass();
        Assert.Equal(3, Count(two, known));

        // A stranger finds what the two of them left of the total.
        Pass();
        Assert.Equal(2, Count(two, Anonymous with { IdentityFingerprint = new byte[] { 1 } }));
        Assert.Empty(one.TakeUsage(10));

        void Pass()
        {
            foreach (var used in one.TakeUsage(10))
            {
                two.Charge(used, TimeSpan.FromSeconds(1));
            }
        }
    }

    [Fact]
    public void a_report_names_those_that_used_most()
    {
        var rates = new CallRates(RateLimits.None with { Identity = new CostRates { Verify = new(1, 100) } });
        for (byte caller = 1; caller <= 5; caller++)
        {
            for (var call = 0; call < caller; call++)
            {
                Assert.True(rates.TryTake(new SessionBuckets(), Anonymous with { IdentityFingerprint = new[] { caller } }, "a", CallCost.Verify, TimeSpan.Zero, out _));
            }
        }

        Assert.Equal([("05", 5L), ("04", 4L)], rates.TakeUsage(2).Select(used => (used.Key, used.Usage.Verify)));
    }

    [Fact]
    public void a_call_that_one_bucket_refuses_takes_nothing_from_the_others()
    {
        var limits = RateLimits.None with { Session = new CostRates { Create = new(1, 5) }, Identity = new CostRates { Create = new(1, 2) } };
        var rates = new CallRates(limits);
        var known = Anonymous with { IdentityFingerprint = new byte[32] };
        var session = new SessionBuckets();
        Assert.Equal(2, Count(rates, known, session));
        var other = known with { IdentityFingerprint = new byte[31] };
        Assert.Equal(2, Count(rates, other, session));
    }

    [Fact]
    public void callers_are_forgotten_before_they_fill_the_memory()
    {
        var rates = new CallRates(RateLimits.None with { Address = new CostRates { Create = new(1, 1) } });
        for (var i = 0; i < 200_000; i++)
        {
            rates.TryTake(new SessionBuckets(), Anonymous, $"address {i}", CallCost.Create, TimeSpan.FromMilliseconds(i), out _);
        }

        Assert.True(rates.TryTake(new SessionBuckets(), Anonymous, "one more", CallCost.Create, TimeSpan.FromSeconds(200), out _));
    }

    [Fact]
    public void sessions_of_a_caller_that_was_forgotten_still_share_its_limit()
    {
        var rates = new CallRates(RateLimits.None with { Address = new CostRates { Create = new(1, 10) } });
        var sessions = new[] { new SessionBuckets(), new SessionBuckets() };
        Assert.All(sessions, session => Assert.True(Take(session, "a")));
        for (var i = 0; i < 70_000; i++)
        {
            Take(new SessionBuckets(), $"address {i}");
        }

        var taken = 0;
        while (sessions.Any(session => Take(session, "a")))
        {
            taken++;
        }

        Assert.Equal(10, taken);

        bool Take(SessionBuckets session, string address) => rates.TryTake(session, Anonymous, address, CallCost.Create, TimeSpan.Zero, out _);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void addresses_of_one_machine_count_as_one(string one, string other, bool same) =>
        Assert.Equal(same, AddressKey.Of(new IPEndPoint(IPAddress.Parse(one), 1)) == AddressKey.Of(new IPEndPoint(IPAddress.Parse(other), 2)));

    [Fact]
    public void connections_are_counted_by_address_half_open_and_in_all()
    {
        var counter = new ConnectionCounter(new GatewayOptions { MaxConnections = 5, MaxConnectionsPerAddress = 3, MaxHalfOpenPerAddress = 2, MaxHalfOpen = 4 });
        Assert.True(counter.TryEnter("a", out _));
        Assert.True(counter.TryEnter("a", out _));
        Assert.False(counter.TryEnter("a", out var limit));
        Assert.Contains("handshake", limit);
        counter.HandshakeEnded("a");
        Assert.True(counter.TryEnter("a", out _));
        counter.HandshakeEnded("a");
        Assert.False(counter.TryEnter("a", out limit));
        Assert.Contains("its address has 3 connections", limit);
        Assert.True(counter.TryEnter("b", out _));
        Assert.True(counter.TryEnter("c", out _));
        Assert.False(counter.TryEnter("d", out limit));
        Assert.Contains("5 connections are open", limit);
        counter.HandshakeEnded("b");
        counter.Leave("b");
        Assert.True(counter.TryEnter("d", out _));
        Assert.Equal(5, counter.Count);
    }

    [Fact]
    public void streams_are_counted_by_identity()
    {
        var streams = new StreamCounter(new GatewayOptions { MaxStreamsPerIdentity = 2 });
        var known = Anonymous with { IdentityFingerprint = new byte[32] };
        Assert.True(streams.TryEnter(known, out var key));
        Assert.True(streams.TryEnter(known, out _));
        Assert.False(streams.TryEnter(known, out _));
        streams.Leave(key);
        Assert.True(streams.TryEnter(known, out _));
        Assert.True(streams.TryEnter(Anonymous, out key));
        Assert.Null(key);
    }

    private static int Count(CallRates rates, CallerInfo caller, SessionBuckets? session = null)
    {
        session ??= new SessionBuckets();
        var taken = 0;
        while (rates.TryTake(session, caller, "192.0.2.1", CallCost.Create, TimeSpan.FromSeconds(1), out _))
        {
            taken++;
        }

        return taken;
    }
}
