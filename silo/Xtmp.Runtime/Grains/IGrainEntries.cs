using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// Durable records of one grain, by key, committed atomically with its state but loaded one at a time: for what grows,
/// such as the reply to every operation id ever seen. Keys are 1–<see cref="MaxKeyLength"/> printable ASCII characters,
/// in ordinal order.
/// </summary>
public interface IGrainEntries
{
    const int MaxKeyLength = 200;

    /// <summary>Largest value, in bytes.</summary>
    const int MaxValueLength = 16 * 1024 * 1024;

    /// <summary>The value under the key as this turn sees it, its own changes included, or null.</summary>
    ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key);

    /// <summary>Adds or replaces.</summary>
    void Put(string key, ReadOnlyMemory<byte> value);

    void Remove(string key);

    /// <summary>
    /// Committed entries whose key starts with <paramref name="prefix"/> and comes after <paramref name="after"/>, in
    /// order of their keys, at most <paramref name="limit"/> of them. Changes of the running turn are not in it.
    /// </summary>
    ValueTask<IReadOnlyList<GrainEntry>> PageAsync(string prefix, string after, int limit);
}
