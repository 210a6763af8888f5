using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Xtmp.Benchmarks.Echo;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Benchmarks;

/// <summary>Answers with what it is sent; keeps nothing.</summary>
internal sealed class EchoGrain : XtmpGrain, IEchoesHandler
{
    private const int TickBytes = 64;

    private static readonly SubscriptionOptions s_patient = new() { Capacity = 16_384 };

    private static readonly ConcurrentDictionary<string, (HashSet<ulong> Numbers, int Doubles)> s_samples = new();

    /// <summary>Samples that came to a grain of this process, and how many of them came again.</summary>
    public static (int Count, int Doubles) SamplesOf(string key) => s_samples.TryGetValue(key, out var seen) ? (seen.Numbers.Count, seen.Doubles) : default;

    public ValueTask<EchoReply> CallAsync(Echo.Echo request, CallContext context = default) => new(new EchoReply { Body = request.Body });

    public IAsyncEnumerable<Tick> FollowAsync(Follow request, CallContext context = default) =>
        TicksAsync(Context.Subscribe<Tick>(request.Key, s_patient), context.CancellationToken);

    public ValueTask<PublishReply> PublishAsync(Publish request, CallContext context = default)
    {
        for (var number = 0u; number < request.Count; number++)
        {
            Context.Publish(request.Key, new Tick { Number = number, Body = new byte[TickBytes] });
        }

        return new(new PublishReply { Count = request.Count });
    }

    private static async IAsyncEnumerable<Tick> TicksAsync(IAsyncEnumerable<TopicEvent<Tick>> live, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (tick, missed) in live.WithCancellation(cancellationToken))
        {
            yield return tick ?? throw new InvalidOperationException($"{missed} updates were dropped: what is measured would not be all deliveries.");
        }
    }

    public ValueTask NoteAsync(Sample request, CallContext context = default)
    {
        var seen = s_samples.GetValueOrDefault(request.Key, ([], 0));
        s_samples[request.Key] = (seen.Numbers, seen.Doubles + (seen.Numbers.Add(request.Number) ? 0 : 1));
        return ValueTask.CompletedTask;
    }
}
