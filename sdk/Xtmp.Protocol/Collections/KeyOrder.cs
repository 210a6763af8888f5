using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace Xtmp.Protocol;

/// <summary>The order of map keys on the wire: integers and enums by number, strings and uuids by bytes.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class KeyOrder
{
    public static int Compare<TKey>(TKey left, TKey right)
        where TKey : notnull
    {
        if (typeof(TKey) == typeof(string))
        {
            return CompareText(Unsafe.As<TKey, string>(ref left), Unsafe.As<TKey, string>(ref right));
        }

        // Guid compares field by field from the most significant one, which is the order of its RFC 9562 bytes.
        return Comparer<TKey>.Default.Compare(left, right);
    }

    /// <summary>
    /// The order of the UTF-8 bytes. It is the order of code points, and differs from that of UTF-16 code units only
    /// where a surrogate meets one of U+E000 to U+FFFF.
    /// </summary>
    private static int CompareText(string left, string right)
    {
        int common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        char a = left[common];
        char b = right[common];
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : char.IsSurrogate(b) ? -1 : 0;
    }
}
