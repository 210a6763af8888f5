namespace Xtmp.Protocol;

/// <summary>
/// Puts fragmented messages of one direction and transport together again (SPEC §1, payload rule 1), bounded in
/// bytes, count and age. The caller authenticates every fragment before it comes here.
/// </summary>
/// <param name="ordered">A stream transport: parts of a message come in order, and message numbers start in order.</param>
/// <param name="maxMessageBytes">Greatest total of one message.</param>
/// <param name="maxTotalBytes">Greatest memory over all messages at one time.</param>
/// <param name="maxMessages">Greatest number of messages at one time.</param>
public sealed class Reassembler(bool ordered, int maxMessageBytes, int maxTotalBytes, int maxMessages) : IDisposable
{
    // Made on first use: most sessions take no large message.
    private Dictionary<uint, Reassembly>? _messages;
    private uint _nextNumber;

    /// <summary>Memory held, in bytes.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Messages under way.</summary>
    public int Count => _messages?.Count ?? 0;

    /// <summary>
    /// Since when the message that has waited longest waits: on a stream transport for its next part, on datagrams for the whole.
    /// Null when there is none.
    /// </summary>
    public TimeSpan? OldestSince => _messages is { Count: > 0 } messages ? messages.Values.Min(message => message.Since) : null;

    /// <summary>Takes one fragment.</summary>
    /// <param name="header">Its frame header.</param>
    /// <param name="payload">Decrypted payload: fragment header and part.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="message">On Complete the message's buffer, which the caller returns to the shared pool.</param>
    /// <param name="length">On Complete the message's length.</param>
    public ReassemblyStatus Add(in FrameHeader header, ReadOnlySpan<byte> payload, TimeSpan now, out byte[] message, out int length)
    {
        message = [];
        length = 0;
        if (!FragmentHeader.TryRead(payload, out var fragment))
        {
            return ReassemblyStatus.Inconsistent;
        }

        var part = payload[FragmentHeader.Size..];
        var end = (ulong)fragment.Offset + (uint)part.Length;
        if (part.IsEmpty || end > fragment.Total
            || (end == fragment.Total) != ((header.Flags & FrameFlags.LastFragment) != 0))
        {
            Drop(fragment.MessageNumber);
            return ReassemblyStatus.Inconsistent;
        }

        if (fragment.Total > (uint)maxMessageBytes)
        {
            Drop(fragment.MessageNumber);
            return ReassemblyStatus.LimitExceeded;
        }

        _messages ??= [];
        if (!_messages.TryGetValue(fragment.MessageNumber, out var entry))
        {
            if (ordered && (fragment.MessageNumber != _nextNumber || fragment.Offset != 0))
            {
                return ReassemblyStatus.Inconsistent;
            }

            if (_messages.Count >= maxMessages)
            {
                return ReassemblyStatus.LimitExceeded;
            }

            _nextNumber = ordered ? _nextNumber + 1 : 0;
            entry = new Reassembly(in header, fragment.Total, now);
            _messages.Add(fragment.MessageNumber, entry);
        }
        else if (!entry.Matches(in header, fragment.Total) || (ordered && fragment.Offset != entry.Contiguous))
        {
            Drop(fragment.MessageNumber);
            return ReassemblyStatus.Inconsistent;
        }

        // Parts that come in order show a sender at work, however narrow its link; those of a datagram may just be repeats.
        if (ordered)
        {
            entry.Since = now;
        }

        return Keep(entry, fragment, part, ref message, ref length);
    }

    /// <summary>Drops messages that have waited since <paramref name="latest"/> or longer, as <see cref="OldestSince"/> counts; returns how many.</summary>
    public int DropSilentSince(TimeSpan latest)
    {
        if (_messages is not { Count: > 0 } messages)
        {
            return 0;
        }

        var old = messages.Where(entry => entry.Value.Since <= latest).Select(entry => entry.Key).ToArray();
        foreach (var number in old)
        {
            Drop(number);
        }

        return old.Length;
    }

    public void Dispose()
    {
        if (_messages is { } messages)
        {
            foreach (var entry in messages.Values)
            {
                entry.Dispose();
            }

            messages.Clear();
        }

        ReservedBytes = 0;
    }

    private ReassemblyStatus Keep(Reassembly entry, in FragmentHeader fragment, ReadOnlySpan<byte> part, ref byte[] message, ref int length)
    {
        // What the pool hands out may be up to twice what was asked for; the bound counts what is held.
        var before = entry.Reserved;
        if (ReservedBytes - before + fragment.Offset + part.Length > maxTotalBytes)
        {
            Drop(fragment.MessageNumber);
            return ReassemblyStatus.LimitExceeded;
        }

        if (!entry.TryAdd(fragment.Offset, part))
        {
            Drop(fragment.MessageNumber);
            return ReassemblyStatus.Inconsistent;
        }

        ReservedBytes += entry.Reserved - before;
        if (!entry.IsComplete)
        {
            return ReassemblyStatus.Kept;
        }

        ReservedBytes -= entry.Reserved;
        length = (int)entry.Total;
        message = entry.Detach();
        _messages!.Remove(fragment.MessageNumber);
        return ReassemblyStatus.Complete;
    }

    private void Drop(uint number)
    {
        if (_messages is { } messages && messages.Remove(number, out var entry))
        {
            ReservedBytes -= entry.Reserved;
            entry.Dispose();
        }
    }
}
