using System.Collections.Concurrent;
using Xtmp.Benchmarks.Echo;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Benchmarks;

/// <summary>Answers with what it is sent; keeps nothing.</summary>
internal sealed class EchoGrain : XtmpGrain, IEchoesHandler
{
    private static readonly ConcurrentDictionary<string, (HashSet<ulong> Numbers, int Doubles)> s_samples = new();

    /// <summary>Samples that came to a grain of this process, and how many of them came again.</summary>
    public static (int Count, int Doubles) SamplesOf(string key) => s_samples.TryGetValue(key, out var seen) ? (seen.Numbers.Count, seen.Doubles) : default;

    public ValueTask<EchoReply> CallAsync(Echo.Echo request, CallContext context = default) => new(new EchoReply { Body = request.Body });

    public ValueTask NoteAsync(Sample request, CallContext context = default)
    {
        var seen = s_samples.GetValueOrDefault(request.Key, ([], 0));
        s_samples[request.Key] = (seen.Numbers, seen.Doubles + (seen.Numbers.Add(request.Number) ? 0 : 1));
        return ValueTask.CompletedTask;
    }
}
