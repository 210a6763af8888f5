using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Xtmp.Schema.Reading;

/// <summary>
/// Turns YAML text into nodes. Takes the plain part of YAML only: no anchors, aliases, tags, merge keys or several
/// documents. Bounded in size, depth and number of nodes, whatever the text says.
/// </summary>
internal sealed class NodeLoader
{
    public const int MaxCharacters = 4 * 1024 * 1024;
    public const int MaxNodes = 400_000;
    public const int MaxDepth = 24;

    private readonly string _file;
    private readonly DiagnosticBag _diagnostics;
    private readonly Scanner _scanner;
    private readonly IParser _parser;
    private int _nodes;

    private NodeLoader(string file, string text, DiagnosticBag diagnostics)
    {
        _file = file;
        _diagnostics = diagnostics;
        _scanner = new(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

    /// <summary>The document's root, or null with a diagnostic.</summary>
    public static Node? Load(string file, string text, DiagnosticBag diagnostics)
    {
        if (!TextCheck.Passes(file, text, diagnostics))
        {
            return null;
        }
        var loader = new NodeLoader(file, text, diagnostics);
        try
        {
            return loader.LoadDocument();
        }
        catch (LoadStoppedException)
        {
            return null;
        }
        catch (YamlException e)
        {
            SyntaxProblem.Report(file, text, e, diagnostics);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException or KeyNotFoundException)
        {
            // The YAML library trips over some unfinished flow collections; it is the text that is wrong all the same.
            SyntaxProblem.Report(file, text, new SyntaxErrorException(loader._scanner.CurrentPosition, loader._scanner.CurrentPosition, "flow mapping"), diagnostics);
            return null;
        }
    }

    private Node? LoadDocument()
    {
        _parser.MoveNext();
        _parser.MoveNext();
        if (_parser.Current is StreamEnd or null)
        {
            return null;
        }
        _parser.MoveNext();
        var root = LoadNode(1);
        _parser.MoveNext();
        if (_parser.MoveNext() && _parser.Current is DocumentStart second)
        {
            throw Stop(SchemaRules.YamlFeature, At(second.Start, second.End), "A schema file holds one document; '---' begins another.");
        }
        return root;
    }

    /// <summary>Reads the node whose first event is current, and leaves its last event current.</summary>
    private Node LoadNode(int depth)
    {
        var current = _parser.Current!;
        var position = At(current.Start, current.End);
        if (++_nodes > MaxNodes)
        {
            throw Stop(SchemaRules.TooLarge, position, FormattableString.Invariant($"The schema holds more than {MaxNodes} values."));
        }
        if (depth > MaxDepth)
        {
            throw Stop(SchemaRules.TooLarge, position, FormattableString.Invariant($"The schema is nested deeper than {MaxDepth} levels."));
        }
        if (current is AnchorAlias alias)
        {
            throw Stop(SchemaRules.YamlFeature, position, $"Aliases (*{alias.Value}) are not part of the schema language; write the value out.");
        }
        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            throw Stop(SchemaRules.YamlFeature, position, $"Anchors (&{anchored.Anchor.Value}) are not part of the schema language.");
        }
        if (current is NodeEvent { Tag.IsEmpty: false } tagged)
        {
            throw Stop(SchemaRules.YamlFeature, position, $"Tags ({tagged.Tag}) are not part of the schema language.");
        }
        return current switch
        {
            Scalar scalar => new ScalarNode(Checked(scalar.Value, position), scalar.Style == ScalarStyle.Plain, position),
            SequenceStart => LoadList(position, depth),
            MappingStart => LoadMapping(position, depth),
            _ => throw Stop(SchemaRules.Syntax, position, "A value was expected here."),
        };
    }

    /// <summary>Escapes in quotes name characters that the text as such may not hold.</summary>
    private string Checked(string text, SourcePosition position)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var paired = char.IsHighSurrogate(c) ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) : char.IsLowSurrogate(c) && i > 0 && char.IsHighSurrogate(text[i - 1]);
            if (TextCheck.IsForbidden(c) || (char.IsSurrogate(c) && !paired) || c is '\uFFFE' or '\uFFFF')
            {
                _diagnostics.Add(SchemaRules.NotText, position, FormattableString.Invariant($"The text holds the character U+{(int)c:X4}, which no text of a schema may hold."));
                return new string([.. text.Select(each => TextCheck.IsForbidden(each) || char.IsSurrogate(each) || each is '\uFFFE' or '\uFFFF' ? '\uFFFD' : each)]);
            }
        }
        return text;
    }

    private ListNode LoadList(SourcePosition position, int depth)
    {
        var items = new List<Node>();
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
        {
            items.Add(LoadNode(depth + 1));
        }
        return new(items, position);
    }

    private MappingNode LoadMapping(SourcePosition position, int depth)
    {
        var entries = new List<KeyValuePair<ScalarNode, Node>>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            var keyNode = LoadNode(depth + 1);
            _parser.MoveNext();
            var value = LoadNode(depth + 1);
            if (keyNode is not ScalarNode key)
            {
                throw Stop(SchemaRules.YamlFeature, keyNode.Position, $"A key is a word, not {keyNode.Noun}.");
            }
            if (key.Text == "<<")
            {
                throw Stop(SchemaRules.YamlFeature, key.Position, "Merge keys (<<) are not part of the schema language.");
            }
            if (lines.TryGetValue(key.Text, out var line))
            {
                _diagnostics.Add(SchemaRules.DuplicateKey, key.Position, FormattableString.Invariant($"'{DiagnosticText.Excerpt(key.Text)}' already stands in line {line}."));
                continue;
            }
            lines.Add(key.Text, key.Position.Line);
            entries.Add(new(key, value));
        }
        return new(entries, position);
    }

    private SourcePosition At(Mark start, Mark end) =>
        end.Line == start.Line && end.Column > start.Column
            ? new(_file, (int)start.Line, (int)start.Column, (int)end.Line, (int)end.Column)
            : new(_file, (int)start.Line, (int)start.Column, (int)start.Line, (int)start.Column + 1);

    private LoadStoppedException Stop(SchemaRule rule, SourcePosition position, string message)
    {
        _diagnostics.Add(rule, position, message);
        return new();
    }

    /// <summary>Leaves the loader after a diagnostic has been given.</summary>
    private sealed class LoadStoppedException : Exception;
}
