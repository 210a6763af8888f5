using System.Collections;
using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xtmp.Protocol;

/// <summary>
/// An immutable list with value equality: the type of a schema's <c>list&lt;T&gt;</c>. <c>default</c> is the empty list.
/// Collection expressions make one: <c>Approvals = [first, second]</c>, <c>Approvals = [.. query]</c>.
/// </summary>
[CollectionBuilder(typeof(ValueList), nameof(ValueList.Create))]
public readonly struct ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private readonly T[]? _items;

    internal ValueList(T[] items) => _items = items;

    public int Count => _items is null ? 0 : _items.Length;

    public bool IsEmpty => Count == 0;

    public T this[int index] => AsSpan()[index];

    /// <summary>The items without a copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<T> AsSpan() => new(_items);

    public ReadOnlySpan<T>.Enumerator GetEnumerator() => AsSpan().GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)(_items ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => (_items ?? []).GetEnumerator();

    public bool Equals(ValueList<T> other)
    {
        var mine = AsSpan();
        var others = other.AsSpan();
        if (mine.Length != others.Length)
        {
            return false;
        }

        for (int i = 0; i < mine.Length; i++)
        {
            if (!ValueEquality.Equals(mine[i], others[i]))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => obj is ValueList<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var item in AsSpan())
        {
            hash.Add(ValueEquality.GetHashCode(item));
        }

        return hash.ToHashCode();
    }

    public static bool operator ==(ValueList<T> left, ValueList<T> right) => left.Equals(right);

    public static bool operator !=(ValueList<T> left, ValueList<T> right) => !left.Equals(right);

    /// <summary>Copies the array.</summary>
    public static implicit operator ValueList<T>(T[] items) => ValueList.Create<T>(items);

    /// <summary>Copies the list.</summary>
    public static implicit operator ValueList<T>(List<T> items) => ValueList.Create<T>(CollectionsMarshal.AsSpan(items));

    /// <summary>The items between brackets.</summary>
    public override string ToString() => $"[{string.Join(", ", (IEnumerable<T>)(_items ?? []))}]";
}

/// <summary>Makes a <see cref="ValueList{T}"/>.</summary>
public static class ValueList
{
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());

    /// <summary>For generated codecs: takes the array over without a copy, so nobody else may keep it.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static ValueList<T> TakeOver<T>(T[] items) => new(items);
}
