namespace Xtmp.Schema;

/// <summary>
/// A method's grain key. As text: strings as they are, bytes in lowercase hex, integers and enums in decimal,
/// uuids as 8-4-4-4-12 in lowercase.
/// </summary>
/// <param name="Source">Field, session or caller.</param>
/// <param name="Field">The field's schema name, for <see cref="KeySource.Field"/>.</param>
/// <param name="ClrName">The field's property.</param>
/// <param name="Type">The field's type: string, bytes, an integer, uuid or enum.</param>
public sealed record KeyModel(KeySource Source, string? Field, string? ClrName, TypeModel? Type);
