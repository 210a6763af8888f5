using System.Globalization;

namespace Xtmp.Schema.Reading;

/// <summary>Reads a type such as <c>map&lt;string, list&lt;bytes[32]&gt;&gt;?</c>. Limits are added afterwards.</summary>
internal sealed class TypeParser
{
    private const int MaxDepth = 8;

    private readonly ReadingContext _context;
    private readonly ScalarNode _node;
    private readonly string _text;
    private int _at;

    private TypeParser(ReadingContext context, ScalarNode node)
    {
        _context = context;
        _node = node;
        _text = node.Text;
    }

    /// <summary>The type and whether it is optional, or null with a diagnostic.</summary>
    public static (TypeModel Type, bool Optional)? Parse(ReadingContext context, ScalarNode node)
    {
        var parser = new TypeParser(context, node);
        if (parser.ParseType(1) is not { } type)
        {
            return null;
        }
        var optional = parser.Take('?');
        parser.SkipSpace();
        if (parser._at < parser._text.Length)
        {
            parser.Report(SchemaRules.BadType, parser._at, parser._text.Length - parser._at, $"The type ends before '{DiagnosticText.Excerpt(parser._text.Substring(parser._at))}'.");
            return null;
        }
        return (type, optional);
    }

    private TypeModel? ParseType(int depth)
    {
        SkipSpace();
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.'))
        {
            _at++;
        }
        var word = _text.Substring(start, _at - start);
        if (word.Length == 0 || depth > MaxDepth)
        {
            return Fail(SchemaRules.BadType, start, 1, word.Length == 0 ? "A type is missing here." : FormattableString.Invariant($"Types nest at most {MaxDepth} deep."));
        }
        switch (word)
        {
            case "list" when Peek('<'):
                return ParseList(depth);
            case "map" when Peek('<'):
                return ParseMap(depth);
            case "list" or "map":
                return Fail(SchemaRules.BadType, start, word.Length, $"'{word}' needs its types.", word == "list" ? "list<T>" : "map<K, V>");
            case "bytes" when Peek('['):
                return ParseFixedBytes();
        }
        if (Peek('<') || Peek('['))
        {
            return Fail(SchemaRules.BadType, _at, 1, $"Only list<T>, map<K, V> and bytes[N] take something in brackets, not '{DiagnosticText.Excerpt(word)}'.",
                word.ToLowerInvariant() switch { "array" or "vec" or "set" => "list<T>", "dictionary" or "dict" => "map<K, V>", "string" => "string with max", _ => null });
        }
        if (TypeTable.Primitives.TryGetValue(word, out var kind))
        {
            return new TypeModel { Kind = kind, MaxLength = kind switch { TypeKind.String => SchemaLimits.DefaultStringBytes, TypeKind.Bytes => SchemaLimits.DefaultBytes, _ => 0 } };
        }
        return ParseNamed(word, start);
    }

    private TypeModel? ParseNamed(string word, int start)
    {
        if (_context.Symbols.Find(word) is not { } symbol)
        {
            if (!_context.ImportsIncomplete)
            {
                var suggestion = TypeTable.Foreign.TryGetValue(word, out var ours) ? ours : Suggestion.For(word, TypeTable.Primitives.Keys
                    .Concat(["list", "map"]).Concat(_context.Symbols.Types.Where(s => s.Type.Kind != NamedTypeKind.Message).Select(s => s.Type.Name)));
                Report(SchemaRules.UnknownType, start, word.Length, $"There is no type '{DiagnosticText.Excerpt(word)}'.", suggestion);
            }
            return null;
        }
        return symbol.Type.Kind switch
        {
            NamedTypeKind.Message => Fail(SchemaRules.WrongTypeKind, start, word.Length, $"'{word}' is a message; a field holds a struct. Move what they share into a struct."),
            NamedTypeKind.Enum => new TypeModel { Kind = TypeKind.Enum, Named = symbol.Type },
            NamedTypeKind.Flags => new TypeModel { Kind = TypeKind.Flags, Named = symbol.Type },
            NamedTypeKind.Union => new TypeModel { Kind = TypeKind.Union, Named = symbol.Type },
            _ => new TypeModel { Kind = TypeKind.Struct, Named = symbol.Type },
        };
    }

    private TypeModel? ParseList(int depth)
    {
        Take('<');
        if (ParseElement(depth) is not { } element || !Expect('>'))
        {
            return null;
        }
        return new TypeModel { Kind = TypeKind.List, Element = element, MaxLength = SchemaLimits.DefaultCount };
    }

    private TypeModel? ParseMap(int depth)
    {
        Take('<');
        SkipSpace();
        var keyStart = _at;
        if (ParseElement(depth) is not { } key)
        {
            return null;
        }
        if (key.Kind is not (TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 or TypeKind.I8 or TypeKind.I16 or TypeKind.I32 or TypeKind.I64
            or TypeKind.String or TypeKind.Uuid or TypeKind.Enum))
        {
            return Fail(SchemaRules.BadType, keyStart, _at - keyStart, $"A map's key is an integer, string, uuid or enum, not {key}.");
        }
        if (!Expect(',') || ParseElement(depth) is not { } element || !Expect('>'))
        {
            return null;
        }
        return new TypeModel { Kind = TypeKind.Map, Key = key, Element = element, MaxLength = SchemaLimits.DefaultCount };
    }

    private TypeModel? ParseElement(int depth)
    {
        var element = ParseType(depth + 1);
        if (element is not null && Peek('?'))
        {
            return Fail(SchemaRules.BadType, _at, 1, "Only a field as a whole can be optional, not what a list or map holds.");
        }
        return element;
    }

    private TypeModel? ParseFixedBytes()
    {
        Take('[');
        var start = _at;
        while (_at < _text.Length && _text[_at] != ']')
        {
            _at++;
        }
        var digits = _text.Substring(start, _at - start).Trim();
        if (!ScalarText.TryInteger(digits, out var length) || length < 1 || length > SchemaLimits.MaxLength)
        {
            return Fail(SchemaRules.BadType, start, Math.Max(1, _at - start), string.Format(CultureInfo.InvariantCulture, "bytes[N] takes a length from 1 to {0}.", SchemaLimits.MaxLength));
        }
        return Expect(']') ? new TypeModel { Kind = TypeKind.Bytes, FixedLength = (int)length, MinLength = (int)length, MaxLength = (int)length } : null;
    }

    private bool Peek(char c)
    {
        SkipSpace();
        return _at < _text.Length && _text[_at] == c;
    }

    private bool Take(char c)
    {
        var there = Peek(c);
        _at += there ? 1 : 0;
        return there;
    }

    private bool Expect(char c)
    {
        if (Take(c))
        {
            return true;
        }
        Report(SchemaRules.BadType, _at, 1, $"'{c}' is missing here.");
        return false;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] == ' ')
        {
            _at++;
        }
    }

    private TypeModel? Fail(SchemaRule rule, int start, int length, string message, string? suggestion = null)
    {
        Report(rule, start, length, message, suggestion);
        return null;
    }

    /// <summary>Points into the scalar where it stands on one line, else at the whole of it.</summary>
    private void Report(SchemaRule rule, int start, int length, string message, string? suggestion = null)
    {
        var whole = _node.Position;
        var oneLine = whole.EndLine == whole.Line && whole.EndColumn - whole.Column - _text.Length == (_node.Plain ? 0 : 2);
        var column = whole.Column + start + (_node.Plain ? 0 : 1);
        _context.Report(rule, oneLine ? whole with { Column = column, EndColumn = column + Math.Max(1, length) } : whole, message, suggestion);
    }
}
