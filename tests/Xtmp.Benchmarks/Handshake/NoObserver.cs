using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>Lets every event pass.</summary>
internal sealed class NoObserver : ISessionObserver
{
    private NoObserver()
    {
    }

    public static NoObserver Instance { get; } = new();

    public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
    {
    }
}
