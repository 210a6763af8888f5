namespace Xtmp.Session;

/// <summary>The rule for bytes after a message's one value (SPEC §1, payload rule 5).</summary>
public static class PayloadPadding
{
    /// <summary>True when everything after the first <paramref name="consumed"/> bytes is zero.</summary>
    public static bool IsValid(ReadOnlySpan<byte> payload, int consumed) => payload[consumed..].IndexOfAnyExcept((byte)0) < 0;
}
