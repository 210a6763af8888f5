using System.Diagnostics;

namespace Xtmp.Benchmarks;

/// <summary>A peer whose requests are awaited one by one, by as many callers as are to be in flight.</summary>
internal abstract class CallingPeer : RpcPeer
{
    private int _connections;

    public sealed override async Task OpenAsync(int connections)
    {
        _connections = connections;
        for (var index = 0; index < connections; index++)
        {
            await OpenAsync();
        }
    }

    public sealed override async Task<long> PumpAsync(int inFlight, TimeSpan time)
    {
        var done = new long[_connections * inFlight];
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, done.Length).Select(worker => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                await CallAsync(worker / inFlight);
                done[worker]++;
            }
        })));
        return done.Sum();
    }

    public sealed override ValueTask CallAsync() => CallAsync(0);

    protected abstract Task OpenAsync();

    protected abstract ValueTask CallAsync(int connection);
}
