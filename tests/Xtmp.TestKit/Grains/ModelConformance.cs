using System.Globalization;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;
using Xtmp.Testing;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>
/// Generated sequences of operations on a handful of grains, against a model that is a dictionary: state, entries, messages,
/// reminders, refusals, bugs, failing commits, forgotten grains, restarts. XTMP_MODEL_SEEDS runs so many more.
/// </summary>
public abstract class ModelConformance : GrainConformance
{
    private const int Grains = 5;
    private const int Keys = 4;
    private const int Operations = 100;

    private readonly Dictionary<string, ModelGrain> _model = [];
    private bool _failsNextCommit;
    private int _gifts;

    protected ModelConformance()
    {
        Scripts["put"] = static (grain, call, _) =>
        {
            grain.Context.Entries.Put(call.Text, BitConverter.GetBytes(call.Number));
            return new(ProbeGrain.Reply());
        };
        Scripts["remove"] = static (grain, call, _) =>
        {
            grain.Context.Entries.Remove(call.Text);
            return new(ProbeGrain.Reply());
        };
        Scripts["page"] = static async (grain, _, _) => ProbeGrain.Reply(
            grain.Number, string.Join(' ', (await grain.Context.Entries.PageAsync("e", "", 100)).Select(entry => $"{entry.Key}={BitConverter.ToInt64(entry.Value.Span)}")));
        Scripts["give"] = static (grain, call, _) =>
        {
            var (receiver, id) = (call.Text.Split(' ')[0], call.Text.Split(' ')[1]);
            grain.Number -= call.Number;
            grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = receiver, Script = "take", Number = call.Number, Text = "in/" + id });
            return new(ProbeGrain.Reply(grain.Number));
        };

        // A message may come more than once.
        Scripts["take"] = static async (grain, call, _) =>
        {
            if (await grain.Context.Entries.GetAsync(call.Text) is null)
            {
                grain.Number += call.Number;
                grain.Context.Entries.Put(call.Text, new byte[] { 1 });
            }

            return ProbeGrain.Reply(grain.Number);
        };
        Scripts["refuse"] = static (grain, call, _) =>
        {
            Spoil(grain, call);
            throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "No.");
        };
        Scripts["break"] = static (grain, call, _) =>
        {
            Spoil(grain, call);
            throw new InvalidOperationException("A bug.");
        };
        Scripts["forget"] = static (grain, _, _) =>
        {
            grain.Context.Forget();
            return new(ProbeGrain.Reply());
        };
        Scripts["leave"] = static (grain, _, _) =>
        {
            grain.Context.DeactivateWhenDone();
            return new(ProbeGrain.Reply());
        };
        Scripts["remind"] = static (grain, call, _) =>
        {
            grain.Context.SetReminder("r", TimeSpan.FromSeconds(call.Number));
            return new(ProbeGrain.Reply());
        };
        Scripts.OnReminder = static (grain, _) =>
        {
            grain.Number += 7;
            return ValueTask.CompletedTask;
        };
    }

    public static TheoryData<int> Seeds()
    {
        var more = int.TryParse(Environment.GetEnvironmentVariable("XTMP_MODEL_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
        return [1, 2, .. Enumerable.Range(0, more + 1).Select(_ => Random.Shared.Next())];
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task grains_do_what_a_dictionary_would(int seed)
    {
        var random = new Random(seed);
        var store = new FaultyStore(Store)
        {
            BeforeCommit = _ => _failsNextCommit ? throw FaultyStore.Unavailable() : ValueTask.CompletedTask,
        };
        var silo = await StartAsync(store: store);
        for (var step = 0; step < Operations; step++)
        {
            var operation = "";
            try
            {
                var key = $"g{random.Next(Grains)}";
                (operation, silo) = await StepAsync(silo, store, random, key);
                if (step % 10 == 9 || step == Operations - 1)
                {
                    await SettleAsync(silo);
                    for (var grain = 0; grain < Grains; grain++)
                    {
                        var (expected, page) = (Model($"g{grain}"), await silo.RunAsync($"g{grain}", "page"));
                        Assert.Equal(expected.Number, page.Number);
                        Assert.Equal(string.Join(' ', expected.Entries.Select(entry => $"{entry.Key}={entry.Value}")), page.Text);
                    }
                }
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                throw new InvalidOperationException($"seed {seed}, step {step}, {operation}: {failure.Message}", failure);
            }
        }
    }

    private static void Spoil(ProbeGrain grain, ProbeCall call)
    {
        grain.Number += 1_000_000;
        grain.Context.Entries.Put("spoiled", new byte[8]);
        grain.Context.SetReminder("r", TimeSpan.FromSeconds(1));
        grain.Context.Send(ProbeMethods.Run, new ProbeCall { Key = call.Key, Script = "add", Number = 1_000_000 });
    }

    private ModelGrain Model(string key)
    {
        if (!_model.TryGetValue(key, out var grain))
        {
            _model[key] = grain = new ModelGrain();
        }

        return grain;
    }

    /// <summary>Lets everything arrive: what a silo or an activation left behind is found by the next sweep, and tried again from then on.</summary>
    private async Task SettleAsync(GrainSiloFixture silo)
    {
        await silo.WhenQuietAsync();
        for (var pause = 0; pause < 3; pause++)
        {
            await AdvanceAsync(silo, Settings.SweepInterval + TimeSpan.FromSeconds(1));
        }
    }

    private async Task AdvanceAsync(GrainSiloFixture silo, TimeSpan by)
    {
        Time.Advance(by);
        await silo.WhenQuietAsync();
        foreach (var grain in _model.Values.Where(grain => grain.Due <= Time.GetUtcNow()))
        {
            grain.Due = null;
            grain.Number += 7;
        }
    }

    /// <summary>One operation on the silo and on the model.</summary>
    private async Task<(string Operation, GrainSiloFixture Silo)> StepAsync(GrainSiloFixture silo, IGrainStore store, Random random, string key)
    {
        var grain = Model(key);
        var number = random.Next(1, 100);
        var entry = $"e{random.Next(Keys)}";
        switch (random.Next(13))
        {
            case 0:
                await silo.RunAsync(key, "put", number, entry);
                grain.Entries[entry] = number;
                return ("put", silo);
            case 1:
                await silo.RunAsync(key, "remove", text: entry);
                grain.Entries.Remove(entry);
                return ("remove", silo);
            case 2:
                var receiver = $"g{random.Next(Grains)}";
                await silo.RunAsync(key, "give", number, $"{receiver} {++_gifts}");
                grain.Number -= number;
                Model(receiver).Number += number;
                return ("give", silo);
            case 3:
                await RefusedAsync(XtmpErrorCode.Conflict, silo.RunAsync(key, "refuse"));
                return ("refuse", silo);
            case 4:
                await RefusedAsync(XtmpErrorCode.Internal, silo.RunAsync(key, "break"));
                return ("break", silo);
            case 5:
                _failsNextCommit = true;
                await RefusedAsync(XtmpErrorCode.StorageUnavailable, silo.RunAsync(key, "add", number));
                _failsNextCommit = false;
                return ("add with a store that fails", silo);
            case 6:
                // What is on its way to the grain would make it anew.
                await SettleAsync(silo);
                await silo.RunAsync(key, "forget");
                _model[key] = new ModelGrain();
                return ("forget", silo);
            case 7:
                await silo.RunAsync(key, "leave");
                return ("leave", silo);
            case 8:
                await silo.RunAsync(key, "remind", number);
                grain.Due = Time.GetUtcNow().AddSeconds(number);
                return ("remind", silo);
            case 9:
                await AdvanceAsync(silo, TimeSpan.FromSeconds(number));
                return ("advance", silo);
            case 10:
                await silo.DisposeAsync();
                return ("restart", await StartAsync(store: store));
            case 11:
                // Side by side, on several grains and more than once on some.
                var keys = Enumerable.Range(0, 8).Select(_ => $"g{random.Next(Grains)}").ToArray();
                await Task.WhenAll(keys.Select(each => silo.RunAsync(each, "add", number).AsTask()));
                Array.ForEach(keys, each => Model(each).Number += number);
                return ("add side by side", silo);
            default:
                await silo.RunAsync(key, "add", number);
                grain.Number += number;
                return ("add", silo);
        }
    }

    private sealed class ModelGrain
    {
        public long Number { get; set; }

        public SortedDictionary<string, long> Entries { get; } = new(StringComparer.Ordinal);

        public DateTimeOffset? Due { get; set; }
    }
}
