namespace Xtmp.Schema;

/// <summary>Where a method's grain key comes from.</summary>
public enum KeySource
{
    /// <summary>A required field of the request.</summary>
    Field,

    /// <summary><c>$session</c>: the caller's session id, in decimal.</summary>
    Session,

    /// <summary><c>$caller</c>: the caller's authenticated wallet, in lowercase hex.</summary>
    Caller,
}
