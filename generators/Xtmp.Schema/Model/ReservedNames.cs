namespace Xtmp.Schema;

/// <summary>
/// Member names that generated types have for themselves. A schema name that would collide is refused
/// with a diagnostic at its line, so that nobody meets a C# error in generated code.
/// </summary>
public static class ReservedNames
{
    /// <summary>Members of every generated struct and message, and those a record brings.</summary>
    public static readonly IReadOnlyCollection<string> StructMembers = new HashSet<string>(StringComparer.Ordinal)
    {
        "Info", "MessageInfo", "GetEncodedSize", "Encode", "TryDecode", "Decode", "Validate", "TryValidate", "WriteJson",
        "ReadJson", "TryReadJson", "ToJson", "FromJson", "UnknownFields", "Limits", "Equals", "GetHashCode", "ToString",
        "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize", "EqualityContract", "PrintMembers", "Clone", "Deconstruct",
    };

    /// <summary>Members of every generated union.</summary>
    public static readonly IReadOnlyCollection<string> UnionMembers = new HashSet<string>(StringComparer.Ordinal)
    {
        "Match", "Switch", "Tag", "Value", "Case", "Unknown", "UnknownArm", "IsUnknown", "GetEncodedSize", "Encode", "TryDecode",
        "Decode", "Validate", "TryValidate", "WriteJson", "ReadJson", "TryReadJson", "ToJson", "FromJson", "Equals", "GetHashCode",
        "ToString", "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize", "EqualityContract", "PrintMembers", "Clone",
        "Deconstruct",
    };

    /// <summary>Handlers of XTMP's own schemas. Another one of that name would read as theirs wherever both are used.</summary>
    public static readonly IReadOnlyCollection<string> BuiltInHandlers = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "Bundle", "BundleLedger", "CertificateAuthority", "Device", "Game", "Gateway", "Lobby", "Lock", "Registry", "Session", "Stream", "Vm", "VmDirectory", "Wallet",
    };

    /// <summary>True for XTMP's own schemas, whose codes and handler names others do not take.</summary>
    public static bool IsCore(string protocol) => protocol is "xtmp" or "bitchat";

    /// <summary>Members of every generated handler, client and method table.</summary>
    public static readonly IReadOnlyCollection<string> HandlerMembers = new HashSet<string>(StringComparer.Ordinal)
    {
        "All", "Invoker", "Equals", "GetHashCode", "ToString", "GetType", "MemberwiseClone", "ReferenceEquals", "Finalize", "Dispose",
    };
}
