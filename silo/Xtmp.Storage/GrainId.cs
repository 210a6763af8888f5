namespace Xtmp.Storage;

/// <summary>
/// The address of a grain: its kind (the schema's handler group) and its key within the kind. Both are compared byte by
/// byte.
/// </summary>
public readonly record struct GrainId(string Kind, string Key)
{
    /// <summary>Longest kind and key, in UTF-16 units. Keys come from peers, so they are checked before it stores any.</summary>
    public const int MaxKindLength = 64;

    public const int MaxKeyLength = 256;

    /// <summary>Neither part is empty or over its limit, and no control character or lone surrogate is in the key.</summary>
    public bool IsWellFormed
    {
        get
        {
            if (string.IsNullOrEmpty(Kind) || string.IsNullOrEmpty(Key) || Kind.Length > MaxKindLength || Key.Length > MaxKeyLength)
            {
                return false;
            }

            for (var i = 0; i < Key.Length; i++)
            {
                var unit = Key[i];
                if (unit is >= '!' and <= '~')
                {
                    continue;
                }

                if (char.IsControl(unit))
                {
                    return false;
                }

                if (char.IsSurrogate(unit) && !(char.IsHighSurrogate(unit) && i + 1 < Key.Length && char.IsLowSurrogate(Key[++i])))
                {
                    return false;
                }
            }

            return true;
        }
    }

    public override string ToString() => $"{Kind}/{Key}";
}
