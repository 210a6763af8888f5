using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// What the catalogue of a schema prints: names and the fingerprint only, so that a change of a doc text leaves it equal.
/// </summary>
internal sealed record CatalogueModel(
    string Protocol,
    string Namespace,
    int Version,
    EquatableArray<string> Messages,
    EquatableArray<string> Errors,
    EquatableArray<string> Handlers,
    EquatableArray<byte> Fingerprint)
{
    public static CatalogueModel Of(SchemaModel schema) => new(
        schema.Protocol,
        schema.Namespace,
        schema.Version,
        new EquatableArray<string>(schema.Messages.Select(m => m.Name).OrderBy(name => name, StringComparer.Ordinal)),
        new EquatableArray<string>(schema.Messages.Where(m => m.ErrorCode != 0).Select(m => m.Name).OrderBy(name => name, StringComparer.Ordinal)),
        new EquatableArray<string>(schema.Handlers.Select(h => h.Name).OrderBy(name => name, StringComparer.Ordinal)),
        new EquatableArray<byte>(SchemaFingerprint.Compute(schema)));

    public string TypeName => Clr.Pascal(Protocol) + "Catalogue";
}
