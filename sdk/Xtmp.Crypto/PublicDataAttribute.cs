namespace Xtmp.Crypto;

/// <summary>Exempts a method from the constant-time rule because all it sees is public; the reason is mandatory.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method)]
internal sealed class PublicDataAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;
}
