using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace Xtmp.Protocol;

/// <summary>
/// Equality as generated messages mean it: two values are equal exactly when they have the same encoding. Differs from
/// <see cref="EqualityComparer{T}.Default"/> for byte memory, which compares by content, and for floats, by bits.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ValueEquality
{
    public static bool Equals<T>(T left, T right)
    {
        // The comparisons of types are constants to the just-in-time compiler; one branch is left of each instantiation.
        if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            return Bytes(Unsafe.As<T, ReadOnlyMemory<byte>>(ref left), Unsafe.As<T, ReadOnlyMemory<byte>>(ref right));
        }

        if (typeof(T) == typeof(double))
        {
            return Unsafe.As<T, ulong>(ref left) == Unsafe.As<T, ulong>(ref right);
        }

        if (typeof(T) == typeof(float))
        {
            return Unsafe.As<T, uint>(ref left) == Unsafe.As<T, uint>(ref right);
        }

        return EqualityComparer<T>.Default.Equals(left, right);
    }

    /// <summary>The same for an optional value type.</summary>
    public static bool Equals<T>(T? left, T? right)
        where T : struct =>
        left.HasValue == right.HasValue && (!left.HasValue || Equals(left.GetValueOrDefault(), right.GetValueOrDefault()));

    public static int GetHashCode<T>(T value)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            var hash = default(HashCode);
            hash.AddBytes(Unsafe.As<T, ReadOnlyMemory<byte>>(ref value).Span);
            return hash.ToHashCode();
        }

        return value is null ? 0 : EqualityComparer<T>.Default.GetHashCode(value);
    }

    /// <summary>The same for an optional value type.</summary>
    public static int GetHashCode<T>(T? value)
        where T : struct =>
        value.HasValue ? GetHashCode(value.GetValueOrDefault()) : 0;

    private static bool Bytes(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) => left.Span.SequenceEqual(right.Span);
}
