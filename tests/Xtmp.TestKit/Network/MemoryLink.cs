using System.IO.Pipelines;
using Xtmp.Transport;

namespace Xtmp.TestKit;

/// <summary>One end of a byte stream in memory.</summary>
public sealed class MemoryLink(PipeReader input, PipeWriter output) : ILink
{
    public PipeReader Input => input;

    public PipeWriter Output => output;

    public string PeerAddress => "memory";

    /// <summary>Two ends that read what the other writes.</summary>
    public static (MemoryLink Client, MemoryLink Server) CreatePair()
    {
        var options = new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false);
        var up = new Pipe(options);
        var down = new Pipe(options);
        return (new MemoryLink(down.Reader, up.Writer), new MemoryLink(up.Reader, down.Writer));
    }

    public void Abort()
    {
        input.CancelPendingRead();
        output.Complete(new IOException("The link was cut."));
    }

    public async ValueTask DisposeAsync()
    {
        await output.CompleteAsync();
        await input.CompleteAsync();
    }
}
