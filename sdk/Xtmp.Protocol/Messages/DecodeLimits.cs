namespace Xtmp.Protocol;

/// <summary>
/// Bounds on what one decode may allocate, beside the limits the schema states for single fields.
/// The default is meant for untrusted peers.
/// </summary>
public sealed record DecodeLimits
{
    public static DecodeLimits Untrusted { get; } = new();

    /// <summary>Greatest nesting of structs, lists, maps and unions.</summary>
    public int MaxDepth { get; init; } = 32;

    /// <summary>Greatest number of list and map elements over the whole message.</summary>
    public int MaxElements { get; init; } = 65_536;

    /// <summary>Greatest number of bytes kept of fields this build's schema does not know.</summary>
    public int MaxUnknownBytes { get; init; } = 65_536;
}
