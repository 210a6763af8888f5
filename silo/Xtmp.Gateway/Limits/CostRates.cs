using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Rates by cost class.</summary>
public sealed record CostRates
{
    public Rate Read { get; init; }

    public Rate Verify { get; init; }

    public Rate Create { get; init; }

    public Rate Of(CallCost cost) => cost switch { CallCost.Create => Create, CallCost.Verify => Verify, _ => Read };
}
