using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;

namespace Xtmp.Engine.Tests;

/// <summary>What is the embedded engine's own: room for activations, shared stores, the thread a turn runs on, metrics.</summary>
public sealed class EmbeddedEngineTests : IAsyncDisposable
{
    private readonly MemoryGrainStore _store = new();
    private readonly ProbeScripts _scripts = new();
    private readonly VirtualTimeProvider _time = new();
    private readonly List<EmbeddedEngine> _engines = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }

    [Fact]
    public async Task makes_room_by_letting_idle_grains_go()
    {
        var engine = Start(options => options with { MaxActivations = 50 });
        for (var i = 0; i < 500; i++)
        {
            await RunAsync(engine, $"g{i}", "add", i);
            Assert.InRange(engine.ActivationCount, 1, 50);
        }

        for (var i = 0; i < 500; i++)
        {
            Assert.Equal(i, (await RunAsync(engine, $"g{i}", "read")).Number);
        }
    }

    [Fact]
    public async Task refuses_when_every_grain_is_busy()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _scripts["wait"] = async (_, _, _) =>
        {
            await gate.Task;
            return ProbeGrain.Reply();
        };
        var engine = Start(options => options with { MaxActivations = 5 });
        var busy = Enumerable.Range(0, 5).Select(i => RunAsync(engine, $"g{i}", "wait").AsTask()).ToArray();
        var error = await Assert.ThrowsAsync<XtmpException>(() => RunAsync(engine, "other", "add", 1).AsTask());
        Assert.Equal(XtmpErrorCode.Overloaded, error.Code);
        Assert.True(error.Retryable);
        gate.SetResult();
        await Task.WhenAll(busy);
        Assert.Equal(1, (await RunAsync(engine, "other", "add", 1)).Number);
    }

    [Fact]
    public async Task two_engines_on_a_shared_store_never_lose_a_turn_and_never_read_stale_state()
    {
        var shared = new MemoryGrainStore { IsShared = true };
        EmbeddedEngine[] engines = [Start(store: shared), Start(store: shared)];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 250; i++)
            {
                while (true)
                {
                    try
                    {
                        await RunAsync(engines[worker % 2], "a", "add", 1);
                        break;
                    }
                    catch (XtmpException error) when (error is { Code: XtmpErrorCode.Conflict, Retryable: true })
                    {
                        // The other engine was quicker many times in a row.
                    }
                }
            }
        })));
        Assert.Equal(1000, (await RunAsync(engines[0], "a", "read")).Number);
        Assert.Equal(1000, (await RunAsync(engines[1], "a", "read")).Number);
        await RunAsync(engines[0], "a", "add", 1);
        Assert.Equal(1001, (await RunAsync(engines[1], "a", "read")).Number);
    }

    [Fact]
    public async Task without_inline_turns_a_grain_never_runs_on_the_callers_thread()
    {
        var engine = Start(options => options with { InlineTurns = false });
        var caller = 0;
        var turn = 0;
        _scripts["thread"] = (_, _, _) =>
        {
            turn = Environment.CurrentManagedThreadId;
            return new(ProbeGrain.Reply());
        };
        var thread = new Thread(() =>
        {
            caller = Environment.CurrentManagedThreadId;
            RunAsync(engine, "a", "thread").AsTask().GetAwaiter().GetResult();
        });
        thread.Start();
        thread.Join();
        Assert.NotEqual(caller, turn);
        await RunAsync(engine, "a", "read");
    }

    // A turn that comes in while the caller of the last one lets the grain go is the case in question.
    [Fact]
    public async Task no_turn_is_lost_where_callers_meet_on_one_grain()
    {
        var engine = Start();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 25_000; i++)
            {
                await RunAsync(engine, "a", "add", 1);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(100_000, (await RunAsync(engine, "a", "read")).Number);
    }

    [Fact]
    public async Task a_long_chain_of_messages_does_not_grow_the_stack()
    {
        var engine = Start();
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
        await RunAsync(engine, "start", "pass on", 20_000);
        await done.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task more_messages_than_fit_in_memory_wait_in_the_store()
    {
        var engine = Start(options => options with { MaxOutboxInFlight = 8, OutboxRetryMin = TimeSpan.FromSeconds(1) });
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
        await RunAsync(engine, "a", "burst");
        for (var i = 0; i < 1000 && seen.Count < 1000; i++)
        {
            await engine.WhenQuietAsync();
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
            if (instrument.Meter.Name == "Xtmp.Engine")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        void Add(string name, double value) => counts.AddOrUpdate(name, value, (_, sum) => sum + value);
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument.Name, 1));
        listener.Start();
        var engine = Start();
        for (var i = 0; i < 10; i++)
        {
            await RunAsync(engine, $"g{i % 2}", "add", 1);
        }

        // Other tests may run engines at the same time, so these are lower bounds.
        Assert.InRange(counts["xtmp.engine.turns"], 10, double.MaxValue);
        Assert.InRange(counts["xtmp.engine.activations"], 2, double.MaxValue);
        Assert.InRange(counts["xtmp.engine.commit.duration"], 10, double.MaxValue);
    }

    private static ValueTask<ProbeReply> RunAsync(EmbeddedEngine engine, string key, string script, long number = 0) =>
        new ProbeClient(engine).RunAsync(new ProbeCall { Key = key, Script = script, Number = number });

    private EmbeddedEngine Start(Func<EmbeddedEngineOptions, EmbeddedEngineOptions>? change = null, IGrainStore? store = null)
    {
        var options = new EmbeddedEngineOptions { TimeProvider = _time };
        var engine = new EmbeddedEngine(_scripts.Registry(), store ?? _store, change?.Invoke(options) ?? options);
        _engines.Add(engine);
        engine.StartAsync().GetAwaiter().GetResult();
        return engine;
    }
}
