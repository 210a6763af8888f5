using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Calls that took a token, by cost class.</summary>
public readonly record struct CallUsage(long Read, long Verify, long Create)
{
    public long Sum => Read + Verify + Create;

    internal CallUsage Add(CallCost cost, long count) => cost switch
    {
        CallCost.Create => this with { Create = Create + count },
        CallCost.Verify => this with { Verify = Verify + count },
        _ => this with { Read = Read + count },
    };
}

/// <summary>What one caller used at a gateway since its last report, for the gateways that share its limits.</summary>
/// <param name="Kind">Whose limit it counts against.</param>
/// <param name="Key">The identity, wallet or address; empty with all callers together.</param>
/// <param name="Usage">How much.</param>
public readonly record struct CallerUsage(CallerUsageKind Kind, string Key, CallUsage Usage);

/// <summary>Whose limit a usage counts against.</summary>
public enum CallerUsageKind : byte
{
    Total = 0,
    Identity = 1,
    Address = 2,
}
