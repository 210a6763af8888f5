using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// What a peer keeps of the past, for itself and for those that are behind: the last certified checkpoint with its state, the
/// values decided since, and how the seats changed. Bounded: a checkpoint comes every 50 operations, every
/// <see cref="CheckpointHeights"/> heights and after each change of seats, and where none was certified for
/// <see cref="MaxUncertified"/> values no seat votes for more: whoever is behind then could not be helped any more.
/// </summary>
public sealed class TableLog
{
    public const int MaxDecided = 512;

    /// <summary>Heights between checkpoints at most: there are values without operations.</summary>
    internal const int CheckpointHeights = 256;

    /// <summary>
    /// Values without a certified checkpoint that seats vote for. After a change of seats they vote for one more, which has the next
    /// checkpoint: who has gone may have taken along its signature of the last one.
    /// </summary>
    internal const int MaxUncertified = MaxDecided - MaxEpochs;

    /// <summary>Changes of seats: all of a table, since it takes nobody any more some epochs before.</summary>
    public const int MaxEpochs = 128;

    private readonly List<DecidedValue> _decided = [];
    private readonly List<EpochStep> _epochs = [];

    /// <param name="state">The state that the log starts from.</param>
    public TableLog(TableState state) => Base = state;

    /// <summary>State of the last certified checkpoint, or the first.</summary>
    public TableState Base { get; private set; }

    /// <summary>The certificate of <see cref="Base"/>; null while it is the first state.</summary>
    public Checkpoint? Checkpoint { get; private set; }

    /// <summary>Changes of seats up to the last decided value.</summary>
    public IReadOnlyList<EpochStep> Epochs => _epochs;

    /// <summary>Values decided after <see cref="Base"/> that are still kept, in order.</summary>
    public IReadOnlyList<DecidedValue> Decided => _decided;

    public void Add(DecidedValue decided)
    {
        _decided.Add(decided);
        if (_decided.Count > MaxDecided)
        {
            _decided.RemoveAt(0);
        }
    }

    public void Add(EpochStep step)
    {
        _epochs.Add(step);
        if (_epochs.Count > MaxEpochs)
        {
            _epochs.RemoveAt(0);
        }
    }

    /// <summary>A checkpoint was certified: what came before is needed no more, but for those that are a little behind.</summary>
    public void Rebase(TableState state, Checkpoint checkpoint, ulong kept)
    {
        ArgumentNullException.ThrowIfNull(state);
        Base = state;
        Checkpoint = checkpoint;
        _decided.RemoveAll(decided => decided.Value.Height + kept < state.Height);
    }

    /// <summary>Starts from a state that came from others.</summary>
    public void Reset(TableState state, Checkpoint? checkpoint, IEnumerable<EpochStep> epochs)
    {
        Base = state;
        Checkpoint = checkpoint;
        _decided.Clear();
        _epochs.Clear();
        _epochs.AddRange(epochs.TakeLast(MaxEpochs));
    }

    /// <summary>Values from a height on without gaps; empty where the first is not kept.</summary>
    public IReadOnlyList<DecidedValue> From(ulong height, int count)
    {
        var index = _decided.FindIndex(decided => decided.Value.Height == height);
        return index < 0 ? [] : [.. _decided.Skip(index).Take(count)];
    }

    /// <summary>What a seat would start again from.</summary>
    public IEnumerable<JournalRecord> Records() =>
        [
            new JournalBase { Height = Base.Height, State = Base.Encoded, Checkpoint = Checkpoint, Epochs = [.. _epochs.Where(step => step.Decided.Value.Height <= Base.Height)] },
            .. _decided.Where(decided => decided.Value.Height > Base.Height).Select(decided => (JournalRecord)decided),
        ];
}
