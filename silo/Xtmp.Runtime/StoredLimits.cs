using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>Bounds on decoding what this cluster wrote itself, which may be larger than what a peer may send.</summary>
internal static class StoredLimits
{
    public static DecodeLimits Value { get; } = new() { MaxDepth = 32, MaxElements = 16_777_216, MaxUnknownBytes = 16_777_216 };
}
