using Orleans.Runtime;

namespace Xtmp.Runtime;

/// <summary>
/// Hears from Orleans that a silo cannot go on, for the most part because the others of its cluster have declared it dead.
/// Orleans' own handler ends the process, which here may be somebody else's: this one only says so, and the silo ends.
/// </summary>
internal sealed class SiloLoss : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isExpected;

    /// <summary>Why the silo cannot go on; completes when Orleans says so.</summary>
    public Task<string> Reason => _reason.Task;

    /// <summary>The silo is being stopped: what fails from now on is no loss.</summary>
    public void Expect() => _isExpected = true;

    public bool IsUnexpected(Exception exception) => !_isExpected && exception is not (OperationCanceledException or OrleansException);

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (!_isExpected)
        {
            _reason.TrySetResult(context is null ? exception?.Message ?? "Orleans gave no reason." : exception is null ? context : $"{context} {exception.Message}");
        }
    }
}
