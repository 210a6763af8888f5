namespace Xtmp.Gateway;

/// <summary>How often calls may be made, by who makes them. A call needs room in all that apply to it.</summary>
public sealed record RateLimits
{
    public static RateLimits Default { get; } = new();

    /// <summary>One session that has proved an identity or a wallet.</summary>
    public CostRates Session { get; init; } = new() { Verify = new(1_000, 2_000), Create = new(20, 100) };

    /// <summary>One session in which nobody has.</summary>
    public CostRates Anonymous { get; init; } = new() { Verify = new(50, 100), Create = new(1, 10) };

    /// <summary>One identity, over all its sessions.</summary>
    public CostRates Identity { get; init; } = new() { Verify = new(2_000, 4_000), Create = new(20, 200) };

    /// <summary>One address, or one IPv6 /64.</summary>
    public CostRates Address { get; init; } = new() { Verify = new(5_000, 10_000), Create = new(100, 1_000) };

    /// <summary>All callers together, which bounds how fast the store can grow.</summary>
    public CostRates Total { get; init; } = new() { Create = new(2_000, 10_000) };

    /// <summary>No limits, for measurements.</summary>
    public static RateLimits None { get; } = new() { Session = new(), Anonymous = new(), Identity = new(), Address = new(), Total = new() };
}
