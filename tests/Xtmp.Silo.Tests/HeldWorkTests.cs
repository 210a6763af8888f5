using System.Collections.Concurrent;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Silo.Tests.Hall;

namespace Xtmp.Silo.Tests;

/// <summary>What one session may have under way while the handlers take their time.</summary>
public sealed class HeldWorkTests
{
    private const uint Free = 0;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly SiloHandlers Halls = new(HallCatalogue.Schema, silo => silo.AddXtmpGrain<HallGrain>());
    private static readonly ConcurrentDictionary<string, Held> Holding = new();

    private static int s_halls;

    // Before: only what waited to be sent or had come in part counted, and 4,096 requests of 16 MiB could wait.
    [Fact]
    public async Task requests_that_wait_count_and_who_has_most_of_them_is_closed_first()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { MemoryBudgetBytes = 2 * 1024 * 1024, MaxRunningCalls = 2 } }, [Halls]);
        using var held = new Held();
        await using var modest = await silo.ConnectAsync();
        await using var greedy = await silo.ConnectAsync();
        var waiting = new HallClient(modest.Invoker).RehearseAsync(new Rehearse { Hall = held.Hall, Script = new byte[60_000] }).AsTask();
        await held.EnteredAsync();
        var asked = Enumerable.Range(0, 100).Select(_ => new HallClient(greedy.Invoker).RehearseAsync(new Rehearse { Hall = held.Hall, Script = new byte[60_000] }).AsTask()).ToArray();
        await greedy.WaitForStateAsync(XtmpConnectionState.Reconnecting).WaitAsync(Patience);
        Assert.False(waiting.IsCompleted);
        held.Release();

        // The line of a connection is written when its calls have come back.
        await silo.Log.WaitForAsync(line => line.Contains("short of memory", StringComparison.Ordinal));
        Assert.Single(silo.Log.Lines, line => line.Contains("short of memory", StringComparison.Ordinal));
        await waiting.WaitAsync(Patience);
        var refused = await Task.WhenAll(asked.Select(call => call.WaitAsync(Patience).ContinueWith(done => done.Exception?.InnerException is XtmpException, TaskScheduler.Default)));
        Assert.InRange(refused.Count(isRefused => isRefused), 30, asked.Length);

        // What was held is given back.
        await new HallClient(greedy.Invoker).RehearseAsync(new Rehearse { Hall = Free, Script = new byte[60_000] }).AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task a_session_of_nobody_in_particular_has_fewer_calls_under_way()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { MaxRunningCalls = 2, MaxRunningCallsAnonymous = 1 } }, [Halls]);
        foreach (var identity in new[] { IdentityKey.Generate(SystemEntropy.Instance), null })
        {
            using var first = new Held();
            using var second = new Held();
            await using var client = await silo.ConnectAsync(configure: options => options with { Identity = identity });
            var halls = new HallClient(client.Invoker);
            var calls = new[] { first, second }.Select(held => halls.RehearseAsync(new Rehearse { Hall = held.Hall, Script = default }).AsTask()).ToArray();
            await first.EnteredAsync();
            if (identity is not null)
            {
                await second.EnteredAsync();
            }

            // Refused at once, after the two before it have been started or left to wait.
            await Assert.ThrowsAsync<XtmpException>(() => new WalletClient(client.Invoker).BalanceAsync(new WalletBalance { Wallet = new byte[32] }).AsTask());
            Assert.Equal(identity is null ? 0 : 1, second.Entered);
            first.Release();
            if (identity is null)
            {
                await second.EnteredAsync();
            }

            second.Release();
            await Task.WhenAll(calls).WaitAsync(Patience);
        }
    }

    [Fact]
    public async Task over_the_memory_budget_new_work_is_told_when_to_come_back()
    {
        await using var silo = await TestSilo.StartAsync(null, [Halls]);
        await using var client = await silo.ConnectAsync();
        var halls = new HallClient(client.Invoker);
        var budget = silo.Host.Silo.Gateway.Budget;
        budget.Change(2 * budget.Limit);
        XtmpException refusal;
        do
        {
            refusal = await Assert.ThrowsAsync<XtmpException>(() => halls.RehearseAsync(new Rehearse { Hall = Free, Script = default }).AsTask().WaitAsync(Patience));
        }
        while (refusal.Code != XtmpErrorCode.Overloaded); // An answer takes memory too, for which the session may be closed.

        Assert.True(refusal.Retryable);
        Assert.True(refusal.RetryAfter > TimeSpan.Zero);
        budget.Change(-2 * budget.Limit);
        await using var later = await silo.ConnectAsync();
        await new HallClient(later.Invoker).RehearseAsync(new Rehearse { Hall = Free, Script = default }).AsTask().WaitAsync(Patience);
    }

    // Before: each was taken in, and each drop was a line of the log.
    [Fact]
    public async Task one_way_messages_beyond_the_limit_are_dropped_and_logged_once()
    {
        const int Sent = 1_000;
        const int MaxRunning = 4;
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = new GatewayOptions { MaxRunningCalls = MaxRunning } }, [Halls]);
        using var held = new Held();
        await using var client = await silo.ConnectAsync();
        var halls = new HallClient(client.Invoker);
        for (var sent = 0; sent < Sent; sent++)
        {
            await halls.ApplaudAsync(new Applaud { Hall = held.Hall });
        }

        await silo.Log.WaitForAsync(line => line.Contains("one-way messages dropped so far: 1,", StringComparison.Ordinal));
        held.Release();
        await halls.RehearseAsync(new Rehearse { Hall = held.Hall, Script = default }).AsTask().WaitAsync(Patience);
        Assert.Single(silo.Log.Lines, line => line.Contains("one-way messages dropped", StringComparison.Ordinal));

        // So many run and so many wait; a few more, where one that came to its end made room.
        Assert.InRange(held.Entered, 1, Sent / 2);
    }

    [Fact]
    public async Task a_silo_that_stops_waits_for_its_calls_so_long_and_no_longer()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { DrainTimeout = TimeSpan.FromMilliseconds(300), Gateway = new GatewayOptions { CallTimeout = TimeSpan.FromHours(1) } }, [Halls]);
        using var held = new Held();
        await using var client = await silo.ConnectAsync(configure: options => options with { CallTimeout = TimeSpan.FromHours(1) });
        var calling = new HallClient(client.Invoker).RehearseAsync(new Rehearse { Hall = held.Hall, Script = default }).AsTask();
        await held.EnteredAsync();
        await silo.Host.StopAsync().WaitAsync(Patience);
        Assert.False(calling.IsCompletedSuccessfully);

        // Cut off: neither the call nor a heartbeat would end the session so soon.
        await client.WaitForStateAsync(XtmpConnectionState.Reconnecting).WaitAsync(Patience);
    }

    /// <summary>A hall whose calls wait for the test.</summary>
    private sealed class Held : IDisposable
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _arrived = new(0);
        private int _entered;

        public Held()
        {
            Hall = (uint)Interlocked.Increment(ref s_halls);
            Holding[Hall.ToString(System.Globalization.CultureInfo.InvariantCulture)] = this;
        }

        public uint Hall { get; }

        public int Entered => Volatile.Read(ref _entered);

        public Task EnterAsync()
        {
            Interlocked.Increment(ref _entered);
            _arrived.Release();
            return _released.Task;
        }

        public async Task EnteredAsync() => Assert.True(await _arrived.WaitAsync(Patience));

        public void Release() => _released.TrySetResult();

        public void Dispose() => Release();
    }

    private sealed class HallGrain : XtmpGrain, IHallHandler
    {
        public async ValueTask<RehearseReply> RehearseAsync(Rehearse request, CallContext context = default)
        {
            await HoldAsync();
            return new RehearseReply();
        }

        public async ValueTask ApplaudAsync(Applaud request, CallContext context = default) => await HoldAsync();

        private Task HoldAsync() => Holding.TryGetValue(Context.Key, out var held) ? held.EnterAsync() : Task.CompletedTask;
    }
}
