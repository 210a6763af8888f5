using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A name that two declarations ask for; the one at the position is left out of what is generated.</summary>
internal sealed record NameCollision(string File, string Name, string ClrName, SourcePosition Position, string FirstFile, string FirstClrName)
{
    /// <summary>Two files of one protocol; <see cref="ClrName"/> is its name.</summary>
    public bool IsProtocol { get; init; }

    public SchemaDiagnostic ToDiagnostic() => IsProtocol
        ? new(
            SchemaDescriptors.SameProtocolId,
            SchemaSeverity.Error,
            $"The protocol of '{Path.GetFileName(FirstFile)}' is '{ClrName}' too: two ends could not tell which of them they speak. Give each file a protocol of its own.",
            Position,
            null)
        : new(
            SchemaDescriptors.CollisionId,
            SchemaSeverity.Error,
            ClrName == FirstClrName
                ? $"'{ClrName}' is generated from '{Path.GetFileName(FirstFile)}' already. Give the files different namespaces, or import the one in the other and declare the type once."
                : $"'{ClrName}' differs from '{FirstClrName}' only in case, and so would its generated file.",
            Position,
            null);
}
