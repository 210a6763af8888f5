using System.Globalization;

namespace Xtmp.Schema;

/// <summary>
/// Reads canonical text (a section of <c>wire.lock</c>) back into a model, without docs, which it does not
/// hold. Writing the model again gives the same text.
/// </summary>
public sealed class CanonicalReader
{
    private readonly List<EnumModel> _enums = [];
    private readonly List<StructModel> _structs = [];
    private readonly List<UnionModel> _unions = [];
    private readonly List<MessageModel> _messages = [];
    private readonly List<HandlerModel> _handlers = [];
    private readonly Dictionary<string, NamedTypeModel> _types = new(StringComparer.Ordinal);
    private readonly List<(int Number, string[] Words, List<(int Number, string Line)> Members)> _blocks = [];
    private string _protocol = "";
    private string _namespace = "";

    /// <summary>0 in a text that does not tell it.</summary>
    private int _version;

    private CanonicalReader()
    {
    }

    /// <exception cref="FormatException">The text is not canonical text; the message names the line.</exception>
    public static SchemaModel Read(string text)
    {
        var reader = new CanonicalReader();
        reader.Split(text);
        reader.Declare();
        foreach (var (number, words, members) in reader._blocks)
        {
            try
            {
                reader.ReadBlock(words, members);
            }
            catch (Exception e) when (e is FormatException or OverflowException or IndexOutOfRangeException or KeyNotFoundException or ArgumentException)
            {
                throw new FormatException(FormattableString.Invariant($"Line {number} or one of its members is not canonical: {e.Message}"), e);
            }
        }
        return new SchemaModel
        {
            Protocol = reader._protocol,
            Namespace = reader._namespace,
            Version = reader._version,
            Enums = new(reader._enums),
            Structs = new(reader._structs),
            Unions = new(reader._unions),
            Messages = new(reader._messages),
            Handlers = new(reader._handlers),
        };
    }

    private void Split(string text)
    {
        var lines = text.Split('\n');
        if (lines[0] != CanonicalText.FirstLine)
        {
            throw new FormatException($"Canonical text begins with '{CanonicalText.FirstLine}'.");
        }
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }
            if (lines[i].StartsWith("  ", StringComparison.Ordinal))
            {
                if (_blocks.Count == 0)
                {
                    throw new FormatException(FormattableString.Invariant($"Line {i + 1} belongs to nothing."));
                }
                _blocks[_blocks.Count - 1].Members.Add((i + 1, lines[i].Substring(2)));
                continue;
            }
            var words = lines[i].Split(' ');
            switch (words[0])
            {
                case "protocol" when words.Length == 2:
                    _protocol = words[1];
                    break;
                case "namespace" when words.Length == 2:
                    _namespace = words[1];
                    break;
                case "version" when words.Length == 2 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var version):
                    _version = version;
                    break;
                case "enum" or "flags" or "struct" or "union" or "message" or "handler" when words.Length >= 2:
                    _blocks.Add((i + 1, words, []));
                    break;
                default:
                    throw new FormatException(FormattableString.Invariant($"Line {i + 1} is not canonical."));
            }
        }
    }

    private void Declare()
    {
        foreach (var (number, words, _) in _blocks)
        {
            NamedTypeKind? kind = words[0] switch
            {
                "enum" => NamedTypeKind.Enum,
                "flags" => NamedTypeKind.Flags,
                "struct" => NamedTypeKind.Struct,
                "union" => NamedTypeKind.Union,
                "message" => NamedTypeKind.Message,
                _ => null,
            };
            if (kind is { } known)
            {
                TypeKind? underlying = known is NamedTypeKind.Enum or NamedTypeKind.Flags && words.Length > 2 ? Member<TypeKind>(words[2]) : null;
                if (_types.ContainsKey(words[1]))
                {
                    throw new FormatException(FormattableString.Invariant($"Line {number}: '{words[1]}' is declared twice."));
                }
                _types.Add(words[1], new(words[1], _namespace, known, underlying));
            }
        }
    }

    private void ReadBlock(string[] words, List<(int Number, string Line)> members)
    {
        var (numbers, names) = Reserved(members);
        var lines = members.Where(m => !m.Line.StartsWith("reserved ", StringComparison.Ordinal)).Select(m => m.Line).ToList();
        switch (words[0])
        {
            case "enum" or "flags":
                _enums.Add(new EnumModel
                {
                    Name = words[1],
                    Namespace = _namespace,
                    Underlying = Member<TypeKind>(words[2]),
                    IsFlags = words[0] == "flags",
                    Values = new(lines.Select(l => l.Split(' ')).Select(w => new EnumValueModel(w[1], Reading.Naming.ToPascalCase(w[1]), ulong.Parse(w[0], CultureInfo.InvariantCulture), ""))),
                    ReservedValues = new(numbers),
                    ReservedNames = new(names),
                });
                break;
            case "union":
                _unions.Add(new UnionModel
                {
                    Name = words[1],
                    Namespace = _namespace,
                    Arms = new(lines.Select(l => l.Split(' ')).Select(w => new UnionArmModel(int.Parse(w[0], CultureInfo.InvariantCulture), w[1], Reading.Naming.ToPascalCase(w[1]), _types[w[2]], ""))),
                    ReservedTags = new(numbers.Select(n => (int)n)),
                    ReservedNames = new(names),
                });
                break;
            case "struct":
                _structs.Add(Shape(words[1], lines, numbers, names));
                break;
            case "message":
                _messages.Add(Message(words, Shape(words[1], lines, numbers, names)));
                break;
            default:
                _handlers.Add(new HandlerModel
                {
                    Name = words[1],
                    Namespace = _namespace,
                    Protocol = _protocol,
                    StoredAs = words.Length == 4 && words[2] == "stored_as" ? words[3] : null,
                    Methods = new(lines.Select(Method)),
                });
                break;
        }
    }

    private static (List<ulong> Numbers, List<string> Names) Reserved(List<(int Number, string Line)> members)
    {
        var words = members.Where(m => m.Line.StartsWith("reserved ", StringComparison.Ordinal)).SelectMany(m => m.Line.Split(' ').Skip(1)).ToList();
        return (words.Where(w => char.IsDigit(w[0])).Select(w => ulong.Parse(w, CultureInfo.InvariantCulture)).ToList(), words.Where(w => !char.IsDigit(w[0])).ToList());
    }

    private StructModel Shape(string name, List<string> lines, List<ulong> numbers, List<string> names) => new()
    {
        Name = name,
        Namespace = _namespace,
        Fields = new(lines.Select(l => new CanonicalFieldReader(l, _types).Read())),
        ReservedIds = new(numbers.Select(n => (int)n)),
        ReservedNames = new(names),
    };

    /// <summary>message Name kind code 0x13 reliable priority high authentication wallet ack compressible idempotent</summary>
    private static MessageModel Message(string[] words, StructModel shape)
    {
        var number = words[4] == "none" ? (ushort)0 : ushort.Parse(words[4].Substring(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var isDeclaredError = number >= SchemaLimits.FirstErrorCode;
        return new()
        {
            Shape = shape,
            Kind = Member<MessageKind>(words[2]),
            Code = isDeclaredError ? SchemaLimits.ErrorMessageCode : checked((byte)number),
            ErrorCode = isDeclaredError ? number : (ushort)0,
            Transport = Member<TransportKind>(words[5]),
            Priority = Member<PriorityKind>(words[7]),
            Authentication = Member<AuthenticationKind>(words[9]),
            Ack = words.Skip(10).Contains("ack"),
            Compressible = words.Skip(10).Contains("compressible"),
            Idempotent = words.Skip(10).Contains("idempotent"),
        };
    }

    /// <summary>Name unary Request -> Reply key field</summary>
    private MethodModel Method(string line)
    {
        var words = line.Split(' ');
        var hasReply = words[3] == "->";
        var request = _types[words[2]];
        var key = words[words.Length - 1];
        return new MethodModel
        {
            Name = words[0],
            Kind = Member<MethodKind>(words[1]),
            Request = request,
            Reply = hasReply ? _types[words[4]] : null,
            Key = key switch
            {
                "$session" => new(KeySource.Session, null, null, null),
                "$caller" => new(KeySource.Caller, null, null, null),
                _ => new(KeySource.Field, key, Reading.Naming.ToPascalCase(key), _messages.FirstOrDefault(m => m.Name == request.Name)?.Shape.Fields.FirstOrDefault(f => f.Name == key)?.Type),
            },
        };
    }

    internal static T Member<T>(string word)
        where T : struct, Enum
    {
        foreach (T member in Enum.GetValues(typeof(T)))
        {
            if (CanonicalText.Keyword(member) == word)
            {
                return member;
            }
        }
        throw new FormatException($"'{word}' is unknown.");
    }
}
