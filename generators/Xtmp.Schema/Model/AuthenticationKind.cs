namespace Xtmp.Schema;

/// <summary>What a caller must have proved.</summary>
public enum AuthenticationKind
{
    None,
    Session,
    Wallet,
}
