using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>What operations make of a table: pure, so that every seat, and who reads a transcript later, comes to the same.</summary>
/// <param name="signatures">Verifies.</param>
/// <param name="group">The coin's group.</param>
/// <param name="cache">What was verified before.</param>
public sealed partial class TableRules(ISeatSignatures signatures, CoinGroup group, ProofCache cache)
{
    public const int MaxOperations = 64;

    /// <summary>Bytes of an operation's body at most.</summary>
    public const int MaxBodyBytes = 4_096;

    /// <summary>Bytes of a value's operations in all.</summary>
    public const int MaxValueBytes = 48 * 1_024;

    /// <summary>How long a leader leads.</summary>
    public static readonly TimeSpan Term = TimeSpan.FromSeconds(30);

    /// <summary>How long a roll may stand still before it can be ended without an outcome.</summary>
    public static readonly TimeSpan RollPatience = TimeSpan.FromSeconds(30);

    internal TableMutations Mutations { get; init; } = TableMutations.None;

    /// <summary>The state after a value that builds on this one.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="value">The value.</param>
    /// <param name="fault">Why there is none.</param>
    public TableState? Apply(TableState state, ProposedValue value, out TableFault fault)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(value);
        if (state.Snapshot.Closed)
        {
            fault = TableFault.Closed;
            return null;
        }

        if (value.Height != state.Height + 1 || value.ProposedAt < state.Snapshot.DecidedAt || !value.PreviousStateRoot.Span.SequenceEqual(state.Root))
        {
            fault = TableFault.WrongState;
            return null;
        }

        if (value.UnknownFields is not null)
        {
            // A journal holds the values of all changes of seats in one record: none has room for more than it needs.
            fault = TableFault.Malformed;
            return null;
        }

        var after = Apply(state, value.Operations, value.ProposedAt, out fault);
        if (after is null)
        {
            return null;
        }

        after = after.At(value.Height, value.ProposedAt);
        fault = value.StateRoot.Span.SequenceEqual(after.Root) ? TableFault.None : TableFault.WrongState;
        return fault == TableFault.None ? after : null;
    }

    /// <summary>A value that builds on a state: of the operations those that can be applied, in order.</summary>
    public ProposedValue Build(TableState state, IEnumerable<GameOperation> operations, DateTimeOffset now, Action<GameOperation, TableFault> refused) =>
        Build(state, operations, [], now, refused, out _);

    /// <summary>The same, with the state after the value, and with room kept for what comes last.</summary>
    internal ProposedValue Build(TableState state, IEnumerable<GameOperation> operations, IReadOnlyList<GameOperation> last, DateTimeOffset now, Action<GameOperation, TableFault> refused, out TableState after)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(operations);
        ArgumentNullException.ThrowIfNull(refused);
        var at = TableState.OnWire(now);
        at = at < state.Snapshot.DecidedAt ? state.Snapshot.DecidedAt : at;
        after = state;
        var (taken, bytes) = (new List<GameOperation>(), 0);
        var (kept, keptBytes) = (last.Count, last.Sum(static operation => operation.GetEncodedSize()));
        foreach (var operation in operations.TakeWhile(operation => taken.Count + kept < MaxOperations && bytes + operation.GetEncodedSize() + keptBytes <= MaxValueBytes).Concat(last))
        {
            if (taken.Count == MaxOperations || bytes + operation.GetEncodedSize() > MaxValueBytes || after.Snapshot.Epoch != state.Snapshot.Epoch || after.Snapshot.Closed)
            {
                break;
            }

            if (Apply(after, operation, at, isSigned: false, out var fault) is { } next)
            {
                after = next;
                taken.Add(operation);
                bytes += operation.GetEncodedSize();
            }
            else
            {
                refused(operation, fault);
            }
        }

        after = after.At(state.Height + 1, at);
        return new ProposedValue { Height = state.Height + 1, PreviousStateRoot = state.Root, StateRoot = after.Root, Operations = [.. taken], ProposedAt = at };
    }

    /// <summary>Whether an operation, whose signature has been verified, could be the next one.</summary>
    internal TableFault Check(TableState state, GameOperation operation, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(operation);
        Apply(state, operation, now < state.Snapshot.DecidedAt ? state.Snapshot.DecidedAt : now, isSigned: true, out var fault);
        return fault;
    }

    /// <summary>True where who is named signed it.</summary>
    public bool IsSigned(TableState state, Seat seat, GameOperation operation)
    {
        ArgumentNullException.ThrowIfNull(state);
        var text = PeerIds.OperationText(state.GameId.Span, operation);
        return cache.Verify(text, [.. seat.Ed25519Key.Span, .. operation.Signature.Span], () => signatures.Verify(seat, text, operation.Signature.Span));
    }

    private TableState? Apply(TableState state, ValueList<GameOperation> operations, DateTimeOffset at, out TableFault fault)
    {
        var bytes = 0L;
        foreach (var operation in operations.AsSpan())
        {
            bytes += operation.GetEncodedSize();
        }

        if (operations.Count > MaxOperations || bytes > MaxValueBytes)
        {
            fault = TableFault.TooLarge;
            return null;
        }

        fault = TableFault.None;
        var after = state;
        foreach (var operation in operations)
        {
            if (after.Snapshot.Epoch != state.Snapshot.Epoch || after.Snapshot.Closed)
            {
                fault = TableFault.NotLast;
                return null;
            }

            if (Apply(after, operation, at, isSigned: false, out fault) is not { } next)
            {
                return null;
            }

            after = next;
        }

        return after;
    }

    private TableState? Apply(TableState state, GameOperation operation, DateTimeOffset at, bool isSigned, out TableFault fault)
    {
        if (state.Seats!.Find(operation.Player.Span) is not { } number)
        {
            fault = TableFault.UnknownSeat;
            return null;
        }

        if (operation.Sequence <= state.Snapshot.Sequences[number].Last)
        {
            fault = TableFault.OldSequence;
            return null;
        }

        if (operation.Body.Length > MaxBodyBytes || operation.UnknownFields is not null)
        {
            fault = operation.UnknownFields is null ? TableFault.TooLarge : TableFault.Malformed;
            return null;
        }

        if (!isSigned && !IsSigned(state, state.Seats[number], operation))
        {
            fault = TableFault.BadSignature;
            return null;
        }

        var sequences = state.Snapshot.Sequences.AsSpan().ToArray();
        sequences[number] = new SeatSequence { Last = operation.Sequence };
        var counted = state.With(state.Snapshot with { OperationIndex = state.Snapshot.OperationIndex + 1, Sequences = ValueList.TakeOver(sequences) });
        (var after, fault) = EncodedOperation.Parse<TableOperation>(operation.Body.Span) switch
        {
            TableOperation.PlayArm arm => Play(counted, number, operation, arm.Value),
            TableOperation.CommitArm arm => Commit(counted, number, arm.Value, at),
            TableOperation.RollArm arm => Roll(counted, arm.Value),
            TableOperation.AbortArm arm => Abort(counted, arm.Value, at),
            TableOperation.DealArm arm => Deal(counted, number, arm.Value),
            TableOperation.VerdictArm arm => Verdict(counted, number, arm.Value),
            TableOperation.RotateArm arm => Rotate(counted, arm.Value, at),
            TableOperation.AdmitArm arm => Admit(counted, arm.Value.Request),
            TableOperation.LeaveArm => Leave(counted, operation.Player, forfeits: false),
            TableOperation.ExpelArm arm => Expel(counted, arm.Value),
            _ => (null, TableFault.Malformed),
        };
        if (after is not null && ChipsOf(after) != after.Snapshot.BroughtIn)
        {
            (after, fault) = (null, TableFault.NotConserved);
        }

        if (after is not null && after.Game.AwaitsRoll != state.Game.AwaitsRoll)
        {
            after = after.With(after.Snapshot with { RollMovedAt = after.Game.AwaitsRoll ? at : default(DateTimeOffset?), Commits = [] });
        }

        return after;
    }

    /// <summary>Those at the table and those that left it.</summary>
    private static UInt128 ChipsOf(TableState state)
    {
        var sum = state.Game.TotalChips;
        foreach (var paid in state.Snapshot.PaidOut.AsSpan())
        {
            sum += paid.Chips;
        }

        return sum;
    }

    private static (TableState?, TableFault) Play(TableState state, int seat, GameOperation operation, GamePlay play)
    {
        if (state.Seats![seat].Witness && !play.Body.Span.SequenceEqual(state.Game.Close is { } close ? close.Span : default))
        {
            return (null, TableFault.Witness);
        }

        var step = state.Game.Play(operation.Player, operation.OperationId, play.Body.Span);
        return step.Fault != GameFault.None ? (null, TableFault.Game)
            : !step.Game.AwaitsRoll ? (state.With(state.Snapshot, step.Game), TableFault.None)
            : seat != state.Snapshot.Leader ? (null, TableFault.NotLeader)
            : state.UsesCoin && !state.Snapshot.Coin.Ready ? (null, TableFault.CoinNotReady)
            : (state.With(state.Snapshot, step.Game), TableFault.None);
    }

    private (TableState?, TableFault) Commit(TableState state, int seat, RandomnessCommit commit, DateTimeOffset at)
    {
        if (!state.Game.AwaitsRoll || state.UsesCoin || commit.Seat != seat || state.Snapshot.Commits.Any(other => other.Seat == seat))
        {
            return (null, TableFault.WrongMoment);
        }

        if (commit.Roll != state.Game.Roll)
        {
            return (null, TableFault.WrongRoll);
        }

        ValueList<RandomnessCommit> commits = [.. state.Snapshot.Commits.Append(commit).OrderBy(other => other.Seat)];
        return (state.With(state.Snapshot with { Commits = commits, RollMovedAt = commits.Count == state.Seats!.Count ? at : state.Snapshot.RollMovedAt }), TableFault.None);
    }

    private (TableState?, TableFault) Roll(TableState state, RollOutcome outcome)
    {
        if (!state.Game.AwaitsRoll)
        {
            return (null, TableFault.WrongMoment);
        }

        if (outcome.Roll != state.Game.Roll)
        {
            return (null, TableFault.WrongRoll);
        }

        if (Outcome(state, outcome.Reveals) is not { } randomness || !outcome.Randomness.Span.SequenceEqual(randomness))
        {
            return (null, TableFault.BadReveal);
        }

        var step = state.Game.Settle(randomness);
        return step.Fault == GameFault.None ? (state.With(state.Snapshot, step.Game), TableFault.None) : (null, TableFault.Game);
    }

    private (TableState?, TableFault) Abort(TableState state, RollAbort abort, DateTimeOffset at)
    {
        if (!state.Game.AwaitsRoll || abort.Roll != state.Game.Roll || state.Snapshot.RollMovedAt is not { } moved)
        {
            return (null, TableFault.WrongMoment);
        }

        if (at - moved < RollPatience)
        {
            return (null, TableFault.TooSoon);
        }

        if (AtFault(state, abort.Reveals) is not { } atFault)
        {
            return (null, TableFault.BadReveal);
        }

        var step = state.Game.Abort(atFault);
        return step.Fault == GameFault.None ? (state.With(state.Snapshot, step.Game), TableFault.None) : (null, TableFault.Game);
    }

    private static (TableState?, TableFault) Rotate(TableState state, LeaderRotation rotation, DateTimeOffset at)
    {
        var snapshot = state.Snapshot;
        return rotation.Term != snapshot.Term + 1 || rotation.Leader != (snapshot.Leader + 1) % snapshot.Seats.Count ? (null, TableFault.BadRotation)
            : at - snapshot.TermStarted < Term ? (null, TableFault.TooSoon)
            : (state.With(snapshot with { Term = rotation.Term, Leader = rotation.Leader, TermStarted = at }), TableFault.None);
    }
}
