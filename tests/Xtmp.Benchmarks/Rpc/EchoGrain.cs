using Xtmp.Benchmarks.Echo;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Benchmarks;

/// <summary>Answers with what it is sent; keeps nothing.</summary>
internal sealed class EchoGrain : XtmpGrain, IEchoesHandler
{
    private static long s_samples;

    /// <summary>Samples that came to any grain of the process.</summary>
    public static long Samples => Interlocked.Read(ref s_samples);

    public ValueTask<EchoReply> CallAsync(Echo.Echo request, CallContext context = default) => new(new EchoReply { Body = request.Body });

    public ValueTask NoteAsync(Sample request, CallContext context = default)
    {
        Interlocked.Increment(ref s_samples);
        return ValueTask.CompletedTask;
    }
}
