namespace Xtmp.Schema;

/// <summary>What a call costs a silo.</summary>
public enum CostKind
{
    Read,
    Verify,
    Create,
}
