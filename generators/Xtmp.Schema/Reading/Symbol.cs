namespace Xtmp.Schema.Reading;

/// <summary>A name that stands for a type.</summary>
/// <param name="Origin">File that declares it.</param>
/// <param name="Members">For enums and flags, the values by name.</param>
internal sealed record Symbol(NamedTypeModel Type, string Origin, IReadOnlyDictionary<string, ulong>? Members);
