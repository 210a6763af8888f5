namespace Xtmp.Protocol;

/// <summary>What a call costs a silo, for rate limits (schema <c>cost</c>).</summary>
public enum CallCost : byte
{
    /// <summary>Looks something up.</summary>
    Read = 0,

    /// <summary>Verifies signatures, or changes what exists.</summary>
    Verify = 1,

    /// <summary>Makes something that stays: a wallet, a bundle, a name.</summary>
    Create = 2,
}
