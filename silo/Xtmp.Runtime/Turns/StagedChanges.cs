using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>What the running turn wants to change beside the state. Emptied after each turn and used again.</summary>
internal sealed class StagedChanges
{
    private readonly List<EntryWrite> _entries = [];
    private readonly Dictionary<string, int> _entryIndex = new(StringComparer.Ordinal);

    public IReadOnlyList<EntryWrite> Entries => _entries;

    public List<StagedMessage> Messages { get; } = [];

    public List<OutboxId> OutboxRemovals { get; } = [];

    public List<ReminderWrite> Reminders { get; } = [];

    public List<(string Topic, IXtmpMessage Item)> Publications { get; } = [];

    /// <summary>Replies to calls of earlier turns.</summary>
    public List<(DeferredReply Call, IXtmpMessage Reply)> Replies { get; } = [];

    /// <summary>The grain is to be removed.</summary>
    public bool Forget { get; set; }

    /// <summary>True where something has to be written.</summary>
    public bool IsDurable => Forget || _entries.Count + Messages.Count + OutboxRemovals.Count + Reminders.Count > 0;

    public bool TryGetEntry(string key, out EntryWrite write)
    {
        var found = _entryIndex.TryGetValue(key, out var index);
        write = found ? _entries[index] : default;
        return found;
    }

    public void WriteEntry(EntryWrite write)
    {
        if (_entryIndex.TryGetValue(write.Key, out var index))
        {
            _entries[index] = write;
            return;
        }

        _entryIndex.Add(write.Key, _entries.Count);
        _entries.Add(write);
    }

    public void WriteReminder(ReminderWrite write)
    {
        Reminders.RemoveAll(earlier => earlier.Name == write.Name);
        Reminders.Add(write);
    }

    public void Clear()
    {
        if (!IsDurable && Publications.Count + Replies.Count == 0)
        {
            return;
        }

        Forget = false;
        _entries.Clear();
        _entryIndex.Clear();
        Messages.Clear();
        OutboxRemovals.Clear();
        Reminders.Clear();
        Publications.Clear();
        Replies.Clear();
    }
}

/// <summary>An outbox message of a turn that is not committed yet.</summary>
internal readonly record struct StagedMessage(MethodDescriptor Method, IXtmpMessage Request, GrainId Target, byte[] Payload, TimeSpan ReplyWaits, bool Notify);
