namespace Xtmp.Schema;

/// <summary>
/// A reference to a named type, with no more of it than its user needs, so that a change inside the type leaves
/// the user's model equal.
/// </summary>
/// <param name="Name">The same in the schema and in C#.</param>
/// <param name="Namespace">C# namespace; differs from the user's when the type is imported.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Underlying">For enums and flags the integer type on the wire, else null.</param>
public sealed record NamedTypeModel(string Name, string Namespace, NamedTypeKind Kind, TypeKind? Underlying);
