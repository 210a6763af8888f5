namespace Xtmp.Schema;

/// <summary>A kind of mapping in a schema file, with the keys it may hold.</summary>
/// <param name="Name">For tools, for example <c>enum_value</c>.</param>
/// <param name="Noun">For people, for example <c>an enum value</c>.</param>
public sealed record NodeRule(string Name, string Noun, IReadOnlyList<KeyRule> Keys)
{
    public KeyRule? Find(string key) => Keys.FirstOrDefault(k => k.Name == key);
}
