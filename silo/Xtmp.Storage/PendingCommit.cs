namespace Xtmp.Storage;

/// <summary>A commit that waits for its writer.</summary>
internal sealed class PendingCommit(GrainCommit commit)
    : TaskCompletionSource<CommitOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public GrainCommit Commit { get; } = commit;

    public CommitOutcome Outcome { get; set; }
}
