using System.IO.Pipelines;

namespace Xtmp.Transport;

/// <summary>One ordered byte stream to a peer. A link knows nothing of frames.</summary>
public interface ILink : IDuplexPipe, IAsyncDisposable
{
    /// <summary>The other end, for logs: address and port.</summary>
    string PeerAddress { get; }

    /// <summary>Ends the stream at once; reads and writes under way fail or complete.</summary>
    void Abort();
}
