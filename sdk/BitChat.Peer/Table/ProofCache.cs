using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>
/// What has been verified once need not be verified again: an operation is seen when it arrives, in proposals and in decided
/// values. Holds hashes only, of what proved good, and forgets all when full.
/// </summary>
public sealed class ProofCache
{
    public const int MaxEntries = 4_096;

    private readonly HashSet<ValueId> _good = [];

    /// <summary>Whether the check holds; made only for what has not been found good before.</summary>
    /// <param name="key">All that the check depends on.</param>
    /// <param name="check">The check.</param>
    public bool Verify(ReadOnlySpan<byte> key, Func<bool> check) => Verify(key, default, check);

    /// <summary>The same of a key in two pieces, the second of a length that the kind of check fixes.</summary>
    internal bool Verify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> rest, Func<bool> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        Span<byte> digest = stackalloc byte[Sha256.Size];
        Sha256.HashData(key, rest, digest);
        var hash = ValueId.Of(digest);
        if (_good.Contains(hash))
        {
            return true;
        }

        if (!check())
        {
            return false;
        }

        if (_good.Count >= MaxEntries)
        {
            _good.Clear();
        }

        _good.Add(hash);
        return true;
    }
}
