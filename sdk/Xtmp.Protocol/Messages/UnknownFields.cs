namespace Xtmp.Protocol;

/// <summary>
/// The elements of a struct's array after the last field this build's schema knows: what a newer schema added. They are
/// kept as they came and written back behind the known fields.
/// </summary>
public sealed class UnknownFields : IEquatable<UnknownFields>
{
    private readonly byte[] _raw;

    internal UnknownFields(int count, byte[] raw)
    {
        Count = count;
        _raw = raw;
    }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>The elements' MessagePack, one after another.</summary>
    public ReadOnlySpan<byte> Raw => _raw;

    public bool Equals(UnknownFields? other) => other is not null && Count == other.Count && Raw.SequenceEqual(other.Raw);

    public override bool Equals(object? obj) => Equals(obj as UnknownFields);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_raw);
        return hash.ToHashCode();
    }

    public override string ToString() => $"{Count} unknown ({_raw.Length} bytes)";
}
