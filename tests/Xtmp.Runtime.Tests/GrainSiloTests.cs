using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.Testing;
using Xtmp.TestKit.Probes;

namespace Xtmp.Runtime.Tests;

/// <summary>What the conformance suites do not cover: shared stores, callers that meet, long chains, metrics.</summary>
public sealed class GrainSiloTests : IAsyncDisposable
{
    private readonly MemoryGrainStore _store = new();
    private readonly ProbeScripts _scripts = new();
    private readonly VirtualTimeProvider _time = new();
    private readonly List<GrainSilo> _silos = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }
    }

    [Fact]
    public async Task two_silos_on_a_shared_store_never_lose_a_turn_and_never_read_stale_state()
    {
        var shared = new MemoryGrainStore { IsShared = true };
        GrainSilo[] silos = [await StartAsync(store: shared), await StartAsync(store: shared)];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 250; i++)
            {
                while (true)
                {
                    try
                    {
                        await RunAsync(silos[worker % 2], "a", "add", 1);
                        break;
                    }
                    catch (XtmpException error) when (error is { Code: XtmpErrorCode.Conflict, Retryable: true })
                    {
                        // The other silo was quicker many times in a row.
                    }
                }
            }
        })));
        Assert.Equal(1000, (await RunAsync(silos[0], "a", "read")).Number);
        Assert.Equal(1000, (await RunAsync(silos[1], "a", "read")).Number);
        await RunAsync(silos[0], "a", "add", 1);
        Assert.Equal(1001, (await RunAsync(silos[1], "a", "read")).Number);
    }

    // A callback of a timer that throws ends the process.
    [Fact]
    public void a_deadline_that_comes_while_its_call_ends_throws_nothing()
    {
        var time = new LateTimers();
        var patience = new CallPatience(time, TimeSpan.FromSeconds(1), CancellationToken.None);
        var token = patience.RemoteToken;
        patience.Dispose();
        time.Fire();
        Assert.True(token.IsCancellationRequested);
    }

    // What runs by itself in Orleans would go on for as long as the process lives.
    [Fact]
    public async Task of_a_silo_that_does_not_come_up_what_had_begun_ends()
    {
        var parts = new PartThatFails();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => GrainSilo.StartAsync(_store, silo => silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(parts)));
        Assert.Equal(PartThatFails.Reason, error.Message);
        Assert.True(parts.HasStopped);
    }

    // A turn that comes in while the caller of the last one lets the grain go is the case in question.
    [Fact]
    public async Task no_turn_is_lost_where_callers_meet_on_one_grain()
    {
        var silo = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 25_000; i++)
            {
                await RunAsync(silo, "a", "add", 1);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(100_000, (await RunAsync(silo, "a", "read")).Number);
    }

    [Fact]
    public async Task a_long_chain_of_messages_does_not_grow_the_stack()
    {
        var silo = await StartAsync();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _scripts["pass on"] = (grain, call, _) =>
        {
            if (call.Number == 0)
            {
                done.SetResult();
            }
            else
            {
                grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = $"g{call.Number % 7}", Script = "pass on", Number = call.Number - 1 });
            }

            return new(ProbeGrain.Reply());
        };
        await RunAsync(silo, "start", "pass on", 20_000);
        await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task more_messages_than_fit_in_memory_wait_in_the_store()
    {
        var silo = await StartAsync(options => options with { MaxOutboxInFlight = 8, OutboxRetryMin = TimeSpan.FromSeconds(1) });
        var seen = new ConcurrentDictionary<long, bool>();
        _scripts["burst"] = (grain, _, _) =>
        {
            for (var i = 0; i < 1000; i++)
            {
                grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = $"r{i % 5}", Script = "note", Number = i });
            }

            return new(ProbeGrain.Reply());
        };
        _scripts["note"] = (_, call, _) =>
        {
            seen[call.Number] = true;
            return new(ProbeGrain.Reply());
        };
        await RunAsync(silo, "a", "burst");
        for (var i = 0; i < 1000 && seen.Count < 1000; i++)
        {
            await silo.WhenQuietAsync();
            _time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(1000, seen.Count);
    }

    [Fact]
    public async Task counts_what_it_does()
    {
        var counts = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name == "Xtmp.Runtime")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        void Add(string name, double value) => counts.AddOrUpdate(name, value, (_, sum) => sum + value);
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument.Name, 1));
        listener.Start();
        var silo = await StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await RunAsync(silo, $"g{i % 2}", "add", 1);
        }

        // Other tests may run engines at the same time, so these are lower bounds.
        Assert.InRange(counts["xtmp.runtime.turns"], 10, double.MaxValue);
        Assert.InRange(counts["xtmp.runtime.activations"], 2, double.MaxValue);
        Assert.InRange(counts["xtmp.runtime.commit.duration"], 10, double.MaxValue);
    }

    private static ValueTask<ProbeReply> RunAsync(GrainSilo silo, string key, string script, long number = 0) =>
        new ProbeClient(silo).RunAsync(new ProbeCall { Key = key, Script = script, Number = number });

    private async Task<GrainSilo> StartAsync(Func<RuntimeOptions, RuntimeOptions>? change = null, IGrainStore? store = null)
    {
        var options = new RuntimeOptions();
        var silo = await GrainSilo.StartAsync(store ?? _store, _scripts.Register, change?.Invoke(options) ?? options, _time);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>A part of a silo that begins early, and then keeps it from coming up.</summary>
    private sealed class PartThatFails : ILifecycleParticipant<ISiloLifecycle>
    {
        public const string Reason = "The silo is not to come up.";

        public bool HasStopped { get; private set; }

        public void Participate(ISiloLifecycle lifecycle)
        {
            lifecycle.Subscribe(nameof(PartThatFails), ServiceLifecycleStage.RuntimeServices, static _ => Task.CompletedTask, _ =>
            {
                HasStopped = true;
                return Task.CompletedTask;
            });
            lifecycle.Subscribe(nameof(PartThatFails), ServiceLifecycleStage.ApplicationServices, static _ => throw new InvalidOperationException(Reason));
        }
    }

    /// <summary>A timer whose callback had begun when it was disposed.</summary>
    private sealed class LateTimers : TimeProvider
    {
        public Action Fire { get; private set; } = static () => { };

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Fire = () => callback(state);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
