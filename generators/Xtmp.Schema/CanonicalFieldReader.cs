using System.Globalization;
using System.Numerics;
using System.Text;
using Xtmp.Schema.Patterns;

namespace Xtmp.Schema;

/// <summary>Reads one field line of canonical text: <c>4 currency string(3..8) "[A-Z]{3,8}" optional</c>.</summary>
internal sealed class CanonicalFieldReader(string line, IReadOnlyDictionary<string, NamedTypeModel> types)
{
    private int _at;

    public FieldModel Read()
    {
        var id = int.Parse(Token(), CultureInfo.InvariantCulture);
        Skip(' ');
        var name = Token();
        Skip(' ');
        var type = Type();
        bool optional = false, secret = false;
        DefaultModel? value = null;
        string? unit = null;
        while (_at < line.Length)
        {
            Skip(' ');
            switch (Token())
            {
                case "optional":
                    optional = true;
                    break;
                case "secret":
                    secret = true;
                    break;
                case "unit":
                    Skip(' ');
                    unit = Quoted();
                    break;
                case "default":
                    Skip(' ');
                    value = Default(type);
                    break;
                case var other:
                    throw new FormatException($"'{other}' is unknown.");
            }
        }
        return new FieldModel { Id = id, Name = name, ClrName = Reading.Naming.ToPascalCase(name), Type = type, Optional = optional, Secret = secret, Unit = unit, Default = value };
    }

    private TypeModel Type()
    {
        var word = Token();
        TypeModel type;
        switch (word)
        {
            case "list":
                Skip('<');
                type = new TypeModel { Kind = TypeKind.List, Element = Type() };
                Skip('>');
                break;
            case "map":
                Skip('<');
                var key = Type();
                Skip(',');
                Skip(' ');
                type = new TypeModel { Kind = TypeKind.Map, Key = key, Element = Type() };
                Skip('>');
                break;
            case "bytes" when Peek('['):
                Skip('[');
                var length = int.Parse(Token(), CultureInfo.InvariantCulture);
                Skip(']');
                type = new TypeModel { Kind = TypeKind.Bytes, FixedLength = length, MinLength = length, MaxLength = length };
                break;
            default:
                type = Reading.TypeTable.Primitives.TryGetValue(word, out var kind) ? new TypeModel { Kind = kind } : Named(types[word]);
                break;
        }
        if (Peek('('))
        {
            type = Limits(type);
        }
        if (_at + 1 < line.Length && line[_at] == ' ' && line[_at + 1] == '"')
        {
            Skip(' ');
            type = type with { Pattern = PatternCompiler.Compile(Quoted(), out var problem) ?? throw new FormatException(problem) };
        }
        return type;
    }

    private static TypeModel Named(NamedTypeModel named) => new()
    {
        Kind = named.Kind switch
        {
            NamedTypeKind.Enum => TypeKind.Enum,
            NamedTypeKind.Flags => TypeKind.Flags,
            NamedTypeKind.Union => TypeKind.Union,
            NamedTypeKind.Struct => TypeKind.Struct,
            _ => throw new FormatException($"'{named.Name}' is a message."),
        },
        Named = named,
    };

    private TypeModel Limits(TypeModel type)
    {
        var close = line.IndexOf(')', _at);
        var dots = line.IndexOf("..", _at, StringComparison.Ordinal);
        if (close < 0 || dots < 0 || dots > close)
        {
            throw new FormatException("A range is (low..high).");
        }
        var (low, high) = (line.Substring(_at + 1, dots - _at - 1), line.Substring(dots + 2, close - dots - 2));
        _at = close + 1;
        return type.Kind switch
        {
            TypeKind.F32 or TypeKind.F64 => type with { MinNumber = Number(low), MaxNumber = Number(high) },
            TypeKind.String or TypeKind.Bytes or TypeKind.List or TypeKind.Map => type with
            {
                MinLength = int.Parse(low, CultureInfo.InvariantCulture),
                MaxLength = int.Parse(high, CultureInfo.InvariantCulture),
            },
            _ => type with { Min = Integer(low), Max = Integer(high) },
        };
    }

    private DefaultModel Default(TypeModel type)
    {
        if (type.Kind == TypeKind.String)
        {
            return new() { Text = Quoted() };
        }
        var word = Rest();
        return type.Kind switch
        {
            TypeKind.Bool => new() { Boolean = word == "true" },
            TypeKind.F32 or TypeKind.F64 => new() { Number = Number(word) },
            TypeKind.Enum => new() { Member = word },
            _ => new() { Integer = Integer(word) },
        };
    }

    private string Quoted()
    {
        Skip('"');
        var text = new StringBuilder();
        while (!Peek('"'))
        {
            var c = Next();
            if (c == '\\')
            {
                c = Next();
                if (c == 'u')
                {
                    c = (char)int.Parse(line.Substring(_at, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    _at += 4;
                }
            }
            text.Append(c);
        }
        Skip('"');
        return text.ToString();
    }

    private static BigInteger? Integer(string text) => text.Length == 0 ? null : BigInteger.Parse(text, CultureInfo.InvariantCulture);

    private static double? Number(string text) => text.Length == 0 ? null : double.Parse(text, CultureInfo.InvariantCulture);

    private string Token()
    {
        var start = _at;
        while (_at < line.Length && (char.IsLetterOrDigit(line[_at]) || line[_at] == '_'))
        {
            _at++;
        }
        return _at > start ? line.Substring(start, _at - start) : throw new FormatException($"A word is missing in '{line}'.");
    }

    /// <summary>Up to the next space.</summary>
    private string Rest()
    {
        var end = line.IndexOf(' ', _at);
        var start = _at;
        _at = end < 0 ? line.Length : end;
        return line.Substring(start, _at - start);
    }

    private bool Peek(char c) => _at < line.Length && line[_at] == c;

    private char Next() => _at < line.Length ? line[_at++] : throw new FormatException("A text in quotes is not finished.");

    private void Skip(char c)
    {
        if (Next() != c)
        {
            throw new FormatException($"'{c}' is missing in '{line}'.");
        }
    }
}
