using System.Security.Cryptography;
using Xtmp.Gateway;
using Xtmp.Runtime;
using Xtmp.Silo.Wire;

namespace Xtmp.Silo;

/// <summary>
/// The rates of callers over all silos of a cluster: each silo tells the others once a second what callers used there, and they take
/// it off. In between a caller has its limit at each silo, so that it gets at most a second's worth more for each silo it goes to.
/// A silo that tells nothing costs nobody else a call.
/// </summary>
internal sealed class RateSharing : IAsyncDisposable
{
    private const string Topic = "xtmp.rates";

    // A report is a few dozen kilobytes at most; callers beyond that used little.
    private const int MaxCallers = 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly byte[] _silo = RandomNumberGenerator.GetBytes(16);
    private readonly GatewayServices _gateway;
    private readonly ITopicHub _topics;
    private readonly ITopicSubscription _others;
    private readonly ITimer _timer;
    private readonly Task _receiving;
    private long _received;

    public RateSharing(GatewayServices gateway, ITopicHub topics, TimeProvider time)
    {
        _gateway = gateway;
        _topics = topics;
        topics.Expect<UsedRates>();
        _others = topics.Subscribe(Topic);
        _receiving = ReceiveAsync();
        _timer = time.CreateTimer(static state => ((RateSharing)state!).Report(), this, Interval, Interval);
    }

    /// <summary>Calls at other silos that callers have been charged for here so far, one for each limit they count against.</summary>
    public long Received => Interlocked.Read(ref _received);

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        _others.Dispose();
        await _receiving.ConfigureAwait(false);
    }

    private void Report()
    {
        var used = _gateway.TakeUsage(MaxCallers);
        if (used.Count > 0)
        {
            _topics.Publish(Topic, new UsedRates
            {
                Silo = _silo,
                Callers = [.. used.Select(caller => new UsedRate { Kind = (byte)caller.Kind, Key = caller.Key, Read = caller.Usage.Read, Verify = caller.Usage.Verify, Create = caller.Usage.Create })],
            });
        }
    }

    private async Task ReceiveAsync()
    {
        try
        {
            await foreach (var (item, _) in _others.ConfigureAwait(false))
            {
                if (item is UsedRates report && !report.Silo.Span.SequenceEqual(_silo))
                {
                    foreach (var caller in report.Callers)
                    {
                        _gateway.Charge(new CallerUsage((CallerUsageKind)caller.Kind, caller.Key, new CallUsage(caller.Read, caller.Verify, caller.Create)));
                        Interlocked.Add(ref _received, caller.Read + caller.Verify + caller.Create);
                    }
                }
            }
        }
        catch (Exception error) when (error is XtmpException or ObjectDisposedException or OperationCanceledException)
        {
            // The silo stops, and its subscriptions with it.
        }
    }
}
