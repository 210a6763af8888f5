using Xtmp.TestKit;
using Xtmp.Testing;

namespace Xtmp.Client.Tests;

/// <summary>Which endpoint is tried when, on virtual time and seeded entropy.</summary>
public sealed class EndpointSetTests
{
    private static readonly XtmpEndpoint[] Three = [new("a", 1), new("b", 1), new("c", 1)];

    [Fact]
    public void the_pause_is_drawn_evenly_below_a_bound_that_doubles_up_to_the_greatest()
    {
        var time = new VirtualTimeProvider();
        var options = Options(time, "pauses") with { ReconnectDelay = TimeSpan.FromSeconds(1), MaxReconnectDelay = TimeSpan.FromSeconds(60) };
        const int Failures = 12;
        var shares = new List<double>();
        for (var run = 0; run < 100; run++)
        {
            using var endpoints = new EndpointSet([Three[0]], options);
            for (var failure = 0; failure < Failures; failure++)
            {
                endpoints.Released(endpoints.Choose(out _)!, failed: true);
                Assert.Null(endpoints.Choose(out var wait));
                var bound = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failure), 60));
                Assert.InRange(wait, TimeSpan.Zero, bound);
                shares.Add(wait / bound);
                time.Advance(wait);
            }
        }

        // Full jitter: each tenth of the bound gets its tenth of the pauses, within five standard deviations.
        for (var tenth = 0; tenth < 10; tenth++)
        {
            Assert.InRange(shares.Count(share => (int)(share * 10) == tenth), 120 - 52, 120 + 52);
        }
    }

    [Fact]
    public void a_success_starts_the_pauses_anew()
    {
        var time = new VirtualTimeProvider();
        using var endpoints = new EndpointSet([Three[0]], Options(time, "anew") with { ReconnectDelay = TimeSpan.FromSeconds(1), MaxReconnectDelay = TimeSpan.FromHours(1) });
        for (var failure = 0; failure < 10; failure++)
        {
            endpoints.Released(endpoints.Choose(out _)!, failed: true);
            endpoints.Choose(out var wait);
            time.Advance(wait);
        }

        var endpoint = endpoints.Choose(out _)!;
        endpoints.Succeeded(endpoint);
        endpoints.Released(endpoint, failed: true);
        Assert.Null(endpoints.Choose(out var first));
        Assert.InRange(first, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void a_server_that_asks_to_be_left_alone_is_left_alone_up_to_the_greatest_pause()
    {
        var time = new VirtualTimeProvider();
        using var endpoints = new EndpointSet([Three[0]], Options(time, "asked") with { ReconnectDelay = TimeSpan.FromTicks(1), MaxReconnectDelay = TimeSpan.FromSeconds(5) });
        endpoints.Released(endpoints.Choose(out _)!, failed: true, TimeSpan.FromSeconds(3));
        endpoints.Choose(out var wait);
        Assert.Equal(TimeSpan.FromSeconds(3), wait);
        time.Advance(wait);
        endpoints.Released(endpoints.Choose(out _)!, failed: true, TimeSpan.FromDays(1));
        endpoints.Choose(out wait);
        Assert.Equal(TimeSpan.FromSeconds(5), wait);
    }

    [Fact]
    public void the_first_endpoint_is_any_of_them_and_sessions_are_spread()
    {
        var time = new VirtualTimeProvider();
        var firsts = new Dictionary<string, int>();
        for (var run = 0; run < 300; run++)
        {
            using var endpoints = new EndpointSet(Three, Options(time, $"shuffle {run}"));
            var chosen = Enumerable.Range(0, 6).Select(index => endpoints.Choose(out _)!.Address.Host).ToArray();
            Assert.Equal([2, 2, 2], chosen.GroupBy(host => host).Select(group => group.Count()));
            firsts[chosen[0]] = firsts.GetValueOrDefault(chosen[0]) + 1;
        }

        Assert.All(Three, endpoint => Assert.InRange(firsts[endpoint.Host], 60, 140));
    }

    [Fact]
    public void one_that_failed_is_passed_over_until_its_pause_is_over()
    {
        var time = new VirtualTimeProvider();
        using var endpoints = new EndpointSet([Three[0], Three[1]], Options(time, "health") with { ReconnectDelay = TimeSpan.FromSeconds(10), MaxReconnectDelay = TimeSpan.FromSeconds(10) });
        var failed = endpoints.Choose(out _)!;
        endpoints.Released(failed, failed: true);
        for (var index = 0; index < 5; index++)
        {
            Assert.NotEqual(failed.Address, endpoints.Choose(out _)!.Address);
        }

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(failed.Address, endpoints.Choose(out _)!.Address);
    }

    private static XtmpClientOptions Options(TimeProvider time, string seed) => new()
    {
        ServerFingerprint = TestIdentities.Server.Public.Fingerprint,
        TimeProvider = time,
        Entropy = new SeededEntropy(System.Text.Encoding.UTF8.GetBytes(seed)),
    };
}
