using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// Checks of signatures, outside turns: at most so many at once, and sessions take turns with each other, so that a session
/// that sends bad signatures delays its own next one.
/// </summary>
internal sealed class VerificationPool
{
    private readonly TurnGate[] _gates;
    private readonly int _capacity;
    private int _waiting;

    public VerificationPool(RuntimeOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxVerifications, 1);
        _capacity = options.MaxWaitingVerifications;
        _gates = [.. Enumerable.Range(0, options.MaxVerifications).Select(_ => new TurnGate(options.MaxWaitingVerifications, options.MaxVerificationsPerSession))];
    }

    /// <summary>Checks that wait or run.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>The refusal that the check found, or that it has no room; null where all is well.</summary>
    public async ValueTask<XtmpException?> RunAsync(ulong session, Func<XtmpException?> check)
    {
        // A session always has the same gate, which keeps its order.
        var gate = _gates[session % (ulong)_gates.Length];
        try
        {
            if (Interlocked.Increment(ref _waiting) > _capacity || gate.Enter(session, isInternal: false) is not { } entered)
            {
                return new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "Too many signatures wait to be checked.", retryable: true);
            }

            await entered.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            try
            {
                return check();
            }
            finally
            {
                gate.Leave();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
