using System.Numerics;

namespace Xtmp.Schema.Reading;

/// <summary>A mapping read by its vocabulary: every wrong, missing or misspelt key is reported once, at its place.</summary>
internal sealed class MappingReader
{
    private readonly ReadingContext _context;
    private readonly NodeRule _rule;
    private readonly Dictionary<string, KeyValuePair<ScalarNode, Node>> _entries = new(StringComparer.Ordinal);

    private MappingReader(ReadingContext context, MappingNode node, NodeRule rule)
    {
        _context = context;
        _rule = rule;
        Node = node;
    }

    public MappingNode Node { get; }

    /// <summary>False when a required key is missing or has no value.</summary>
    public bool Complete { get; private set; } = true;

    /// <param name="context">Takes the diagnostics.</param>
    /// <param name="node">What stands in the file.</param>
    /// <param name="rule">What should stand there.</param>
    /// <param name="owner">Where to report a missing key; the mapping itself where null.</param>
    public static MappingReader? Read(ReadingContext context, Node node, NodeRule rule, Node? owner = null)
    {
        if (node is not MappingNode mapping)
        {
            var missing = rule.Keys.Where(k => k.Required).Select(k => k.Name).ToList();
            var needs = missing.Count == 0 ? "" : " with " + string.Join(", ", missing);
            context.Report(SchemaRules.WrongShape, node is ScalarNode { IsNull: true } && owner is not null ? owner : node,
                $"{Capital(rule.Noun)} is a mapping{needs}; this is {node.Noun}.");
            return null;
        }
        var reader = new MappingReader(context, mapping, rule);
        foreach (var entry in mapping.Entries)
        {
            if (rule.Find(entry.Key.Text) is null)
            {
                var suggestion = Suggestion.For(entry.Key.Text, rule.Keys.Select(k => k.Name));
                var known = suggestion is null ? " Known are: " + string.Join(", ", rule.Keys.Select(k => k.Name)) + "." : "";
                context.Report(SchemaRules.UnknownKey, entry.Key, $"{Capital(rule.Noun)} has no key '{DiagnosticText.Excerpt(entry.Key.Text)}'.{known}", suggestion);
                // A misspelt required key is one mistake, not two.
                if (suggestion is not null && rule.Find(suggestion)!.Required && !mapping.Entries.Any(e => e.Key.Text == suggestion))
                {
                    reader._entries[suggestion] = entry;
                }
                continue;
            }
            if (entry.Value is ScalarNode { IsNull: true })
            {
                reader.Complete &= !rule.Find(entry.Key.Text)!.Required;
                context.Report(SchemaRules.MissingKey, entry.Key, $"'{entry.Key.Text}' has no value.");
                reader._entries[entry.Key.Text] = new(entry.Key, null!);
                continue;
            }
            reader._entries[entry.Key.Text] = entry;
        }
        foreach (var key in rule.Keys)
        {
            if (key.Required && !reader._entries.ContainsKey(key.Name))
            {
                reader.Complete = false;
                context.Report(SchemaRules.MissingKey, owner ?? mapping, $"{Capital(rule.Noun)} needs '{key.Name}'.");
            }
        }
        return reader;
    }

    /// <summary>The node behind a key, or null when the key is not there or holds nothing.</summary>
    public Node? this[string key] => _entries.TryGetValue(key, out var entry) ? entry.Value : null;

    /// <summary>The key itself, for a diagnostic about its being there.</summary>
    public ScalarNode? KeyNode(string key) => _entries.TryGetValue(key, out var entry) ? entry.Key : null;

    public ScalarNode? Scalar(string key)
    {
        switch (this[key])
        {
            case null:
                return null;
            case ScalarNode scalar:
                return scalar;
            case var other:
                _context.Report(SchemaRules.WrongShape, other, $"'{key}' takes a single value; this is {other.Noun}.");
                return null;
        }
    }

    public string? Text(string key) => Scalar(key)?.Text;

    /// <summary>Doc text: what YAML folding leaves at the ends is cut.</summary>
    public string Doc() => Text("doc")?.Trim() ?? "";

    public bool Boolean(string key, bool defaultValue = false)
    {
        if (Scalar(key) is not { } scalar)
        {
            return defaultValue;
        }
        if (ScalarText.TryBoolean(scalar, out var value))
        {
            return value;
        }
        var meant = scalar.Text.ToLowerInvariant() switch
        {
            "yes" or "on" or "1" or "true" => "true",
            "no" or "off" or "0" or "false" => "false",
            _ => null,
        };
        _context.Report(SchemaRules.WrongValue, scalar, $"'{key}' is true or false, not '{DiagnosticText.Excerpt(scalar.Text)}'.", meant);
        return defaultValue;
    }

    /// <summary>An integer within the range of the vocabulary, or null.</summary>
    public long? Integer(string key)
    {
        if (Scalar(key) is not { } scalar)
        {
            return null;
        }
        var rule = _rule.Find(key)!.Value;
        if (!ScalarText.TryInteger(scalar, out var value))
        {
            _context.Report(SchemaRules.WrongValue, scalar, $"'{key}' is a whole number, not '{DiagnosticText.Excerpt(scalar.Text)}'.");
            return null;
        }
        if (value < rule.Min || value > rule.Max)
        {
            _context.Report(SchemaRules.NumberOutOfRange, scalar, FormattableString.Invariant($"'{key}' lies between {rule.Min} and {rule.Max}."));
            return null;
        }
        return (long)value;
    }

    /// <summary>One of the vocabulary's words as an enum member, or null.</summary>
    public T? Keyword<T>(string key)
        where T : struct, Enum
    {
        if (Scalar(key) is not { } scalar)
        {
            return null;
        }
        foreach (T member in Enum.GetValues(typeof(T)))
        {
            if (CanonicalText.Keyword(member) == scalar.Text && _rule.Find(key)!.Value.Words.Contains(scalar.Text))
            {
                return member;
            }
        }
        var words = _rule.Find(key)!.Value.Words;
        _context.Report(SchemaRules.WrongValue, scalar, $"'{key}' is one of {string.Join(", ", words)}; this is '{DiagnosticText.Excerpt(scalar.Text)}'.", Suggestion.For(scalar.Text, words));
        return null;
    }

    public IReadOnlyList<Node> Items(string key)
    {
        switch (this[key])
        {
            case null:
                return [];
            case ListNode list:
                return list.Items;
            case var other:
                _context.Report(SchemaRules.WrongShape, other, $"'{key}' is a list (lines that begin with '- '); this is {other.Noun}.");
                return [];
        }
    }

    /// <summary>Entries of a mapping from names; a name in the wrong form is reported and left out.</summary>
    public IEnumerable<KeyValuePair<ScalarNode, Node>> Declarations(string key)
    {
        switch (this[key])
        {
            case null:
                return [];
            case MappingNode mapping:
                return DeclarationList.Check(_context, mapping, _rule.Find(key)!.Value);
            case var other:
                _context.Report(SchemaRules.WrongShape, other, $"'{key}' is a mapping from names; this is {other.Noun}.");
                return [];
        }
    }

    public int Since(string what)
    {
        var since = Integer("since");
        if (since > _context.Version)
        {
            _context.Report(SchemaRules.BadSince, Scalar("since")!, FormattableString.Invariant($"{what} is said to be there since version {since}, but the schema's version is {_context.Version}."));
        }
        return (int)(since ?? 1);
    }

    /// <param name="siblings">Names that may replace this one.</param>
    /// <param name="self">Its own name.</param>
    public DeprecationModel? Deprecation(IReadOnlyCollection<string> siblings, string? self)
    {
        var reason = Scalar("deprecated");
        var replacement = Scalar("replaced_by");
        if (reason is null)
        {
            if (replacement is not null)
            {
                _context.Report(SchemaRules.BadDeprecation, KeyNode("replaced_by")!, "'replaced_by' needs 'deprecated' beside it, which says why.");
            }
            return null;
        }
        if (reason.Plain && reason.Text is "true" or "false" || reason.Text.Trim().Length == 0)
        {
            _context.Report(SchemaRules.BadDeprecation, reason, "'deprecated' says why, as a text for people.");
            return null;
        }
        if (replacement is not null && (replacement.Text == self || !siblings.Contains(replacement.Text)))
        {
            _context.Report(SchemaRules.BadDeprecation, replacement, $"'{DiagnosticText.Excerpt(replacement.Text)}' cannot replace it: there is no such name beside it.",
                Suggestion.For(replacement.Text, siblings.Where(s => s != self)));
        }
        return new(reason.Text.Trim(), replacement?.Text);
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text.Substring(1);
}
