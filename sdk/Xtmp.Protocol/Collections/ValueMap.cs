using System.Collections;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Xtmp.Protocol;

/// <summary>
/// An immutable map with value equality, kept in ascending key order, which is the order of the wire: the type of a
/// schema's <c>map&lt;K, V&gt;</c>. <c>default</c> is the empty map. Lookups are binary searches.
/// </summary>
public readonly struct ValueMap<TKey, TValue> : IReadOnlyDictionary<TKey, TValue>, IEquatable<ValueMap<TKey, TValue>>
    where TKey : notnull
{
    private readonly KeyValuePair<TKey, TValue>[]? _entries;

    internal ValueMap(KeyValuePair<TKey, TValue>[] sorted) => _entries = sorted;

    public int Count => _entries is null ? 0 : _entries.Length;

    public bool IsEmpty => Count == 0;

    public IEnumerable<TKey> Keys => (_entries ?? []).Select(entry => entry.Key);

    public IEnumerable<TValue> Values => (_entries ?? []).Select(entry => entry.Value);

    public TValue this[TKey key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"No entry for '{key}'.");

    /// <summary>The entries in key order, without a copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<KeyValuePair<TKey, TValue>> AsSpan() => new(_entries);

    public bool ContainsKey(TKey key) => Find(key) >= 0;

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        int index = Find(key);
        value = index >= 0 ? _entries![index].Value : default;
        return index >= 0;
    }

    public ReadOnlySpan<KeyValuePair<TKey, TValue>>.Enumerator GetEnumerator() => AsSpan().GetEnumerator();

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator() =>
        ((IEnumerable<KeyValuePair<TKey, TValue>>)(_entries ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (_entries ?? []).GetEnumerator();

    public bool Equals(ValueMap<TKey, TValue> other)
    {
        var mine = AsSpan();
        var others = other.AsSpan();
        if (mine.Length != others.Length)
        {
            return false;
        }

        for (int i = 0; i < mine.Length; i++)
        {
            if (!ValueEquality.Equals(mine[i].Key, others[i].Key) || !ValueEquality.Equals(mine[i].Value, others[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => obj is ValueMap<TKey, TValue> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var entry in AsSpan())
        {
            hash.Add(entry.Key);
            hash.Add(ValueEquality.GetHashCode(entry.Value));
        }

        return hash.ToHashCode();
    }

    public static bool operator ==(ValueMap<TKey, TValue> left, ValueMap<TKey, TValue> right) => left.Equals(right);

    public static bool operator !=(ValueMap<TKey, TValue> left, ValueMap<TKey, TValue> right) => !left.Equals(right);

    /// <summary>Copies the dictionary, in key order.</summary>
    public static implicit operator ValueMap<TKey, TValue>(Dictionary<TKey, TValue> entries) => ValueMap.Create(entries);

    /// <summary>The entries between braces.</summary>
    public override string ToString() =>
        $"{{{string.Join(", ", (_entries ?? []).Select(entry => $"{entry.Key}: {entry.Value}"))}}}";

    private int Find(TKey key)
    {
        int low = 0;
        int high = Count - 1;
        while (low <= high)
        {
            int middle = (int)(((uint)low + (uint)high) >> 1);
            int order = KeyOrder.Compare(_entries![middle].Key, key);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return -1;
    }
}

/// <summary>Makes a <see cref="ValueMap{TKey,TValue}"/>.</summary>
public static class ValueMap
{
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public static ValueMap<TKey, TValue> Create<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> entries)
        where TKey : notnull
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (left, right) => KeyOrder.Compare(left.Key, right.Key));
        for (int i = 1; i < sorted.Length; i++)
        {
            if (KeyOrder.Compare(sorted[i - 1].Key, sorted[i].Key) == 0)
            {
                throw new ArgumentException($"The key '{sorted[i].Key}' comes twice.", nameof(entries));
            }
        }

        return new ValueMap<TKey, TValue>(sorted);
    }

    /// <summary>For generated codecs: takes over an array that is in key order already, without a copy.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ValueMap<TKey, TValue> TakeOver<TKey, TValue>(KeyValuePair<TKey, TValue>[] sorted)
        where TKey : notnull => new(sorted);
}
