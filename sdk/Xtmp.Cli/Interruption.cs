using System.Runtime.InteropServices;

namespace Xtmp.Cli;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the verb to end, a later one ends the process. System.CommandLine's own handler throws at
/// the second, which a shell's <c>timeout</c> sends together with the first.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // What comes sooner is the same signal, sent to the process and to its group.
    private static readonly TimeSpan Echo = TimeSpan.FromMilliseconds(500);

    // Left to the collector: a signal's handler may be at work while the verb ends.
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenRegistration _caller;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private long _askedAt;

    public Interruption(CancellationToken cancellationToken)
    {
        _caller = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
    }

    /// <summary>Cancelled by the first signal, or by the caller.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _caller.Dispose();
    }

    private void Ask(PosixSignalContext context)
    {
        long now = Environment.TickCount64;
        long askedAt = Interlocked.CompareExchange(ref _askedAt, now, 0);
        context.Cancel = askedAt == 0 || now - askedAt < Echo.TotalMilliseconds;
        if (askedAt == 0)
        {
            _ = _source.CancelAsync();
        }
    }
}
