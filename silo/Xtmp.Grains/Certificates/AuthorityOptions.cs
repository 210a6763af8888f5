using Xtmp.Crypto;
using Xtmp.Messages;

namespace Xtmp.Grains;

/// <summary>An authority of this silo. In a cluster every silo is given the same ones.</summary>
public sealed record AuthorityOptions
{
    /// <summary>Signs certificates. Stays its owner's to dispose, after the silo.</summary>
    public required IdentityKey Key { get; init; }

    /// <summary>The authority's own certificate and those above it, up to below the root; empty where the key is the root.</summary>
    public IReadOnlyList<Certificate> Chain { get; init; } = [];

    /// <summary>What holders of its certificates trust; null: the key itself.</summary>
    public IdentityPublicKey? Root { get; init; }

    /// <summary>Longest lifetime of a certificate.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(90);
}
