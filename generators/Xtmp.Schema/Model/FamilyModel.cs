namespace Xtmp.Schema;

/// <summary>A named range of message codes.</summary>
public sealed record FamilyModel(string Name, string Doc, byte First, byte Last)
{
    /// <summary>Codes of the range that no message may take.</summary>
    public EquatableArray<byte> ReservedCodes { get; init; }
}
