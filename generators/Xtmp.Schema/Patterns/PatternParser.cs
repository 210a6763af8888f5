namespace Xtmp.Schema.Patterns;

/// <summary>
/// Reads a pattern: ASCII characters, <c>.</c>, classes, groups, <c>|</c>, <c>*</c>, <c>+</c>, <c>?</c>, <c>{n}</c>, <c>{n,}</c>,
/// <c>{n,m}</c>. A <c>^</c> at the beginning and a <c>$</c> at the end may be written and change nothing.
/// </summary>
internal sealed class PatternParser
{
    private const int LongestPattern = 512;
    private const int MaxDepth = 16;
    private const int MaxRepetitions = 1024;

    private readonly string _text;
    private readonly int _end;
    private int _at;

    private PatternParser(string text)
    {
        _text = text;
        _at = text.StartsWith("^", StringComparison.Ordinal) ? 1 : 0;
        var escaped = text.Length > 1 && text[text.Length - 2] == '\\';
        _end = text.EndsWith("$", StringComparison.Ordinal) && !escaped && text.Length > _at ? text.Length - 1 : text.Length;
    }

    public static PatternNode Parse(string text)
    {
        if (text.Length is 0 or > LongestPattern)
        {
            throw new PatternSyntaxException(FormattableString.Invariant($"A pattern has 1 to {LongestPattern} characters."));
        }
        var parser = new PatternParser(text);
        var node = parser.ParseChoice(1);
        return parser._at == parser._end ? node : throw new PatternSyntaxException("A ')' closes nothing.");
    }

    private PatternNode ParseChoice(int depth)
    {
        if (depth > MaxDepth)
        {
            throw new PatternSyntaxException("Groups are nested too deep.");
        }
        var arms = new List<PatternNode> { ParseSequence(depth) };
        while (_at < _end && _text[_at] == '|')
        {
            _at++;
            arms.Add(ParseSequence(depth));
        }
        return arms.Count == 1 ? arms[0] : new ChoiceNode(arms);
    }

    private PatternNode ParseSequence(int depth)
    {
        var parts = new List<PatternNode>();
        while (_at < _end && _text[_at] is not ('|' or ')'))
        {
            parts.Add(ParseRepeat(ParseAtom(depth)));
        }
        return new SequenceNode(parts);
    }

    private PatternNode ParseRepeat(PatternNode atom)
    {
        if (_at == _end)
        {
            return atom;
        }
        var repeated = _text[_at] switch
        {
            '*' => new RepeatNode(atom, 0, null),
            '+' => new RepeatNode(atom, 1, null),
            '?' => new RepeatNode(atom, 0, 1),
            '{' => ParseCounts(atom),
            _ => null,
        };
        if (repeated is null)
        {
            return atom;
        }
        _at++;
        if (_at < _end && _text[_at] is '*' or '+' or '?' or '{')
        {
            throw new PatternSyntaxException("A repetition follows a repetition; lazy and possessive ones make no difference here and are not known.");
        }
        return repeated;
    }

    private RepeatNode ParseCounts(PatternNode atom)
    {
        var close = _text.IndexOf('}', _at);
        if (close < 0)
        {
            throw new PatternSyntaxException("A '{' is not closed.");
        }
        var counts = _text.Substring(_at + 1, close - _at - 1).Split(',');
        _at = close;
        int? max = null;
        if (counts.Length > 2 || !TryCount(counts[0], out var min))
        {
            throw new PatternSyntaxException(FormattableString.Invariant($"A count is {{n}}, {{n,}} or {{n,m}} with numbers up to {MaxRepetitions}."));
        }
        if (counts.Length == 1)
        {
            max = min;
        }
        else if (counts[1].Length > 0)
        {
            max = TryCount(counts[1], out var last) && last >= min ? last
                : throw new PatternSyntaxException("The second count of {n,m} is not below the first.");
        }
        return new(atom, min, max);
    }

    private static bool TryCount(string digits, out int count)
    {
        count = 0;
        if (digits.Length is 0 or > 4 || digits.Any(d => d is < '0' or > '9'))
        {
            return false;
        }
        count = digits.Aggregate(0, (n, d) => (n * 10) + (d - '0'));
        return count <= MaxRepetitions;
    }

    private PatternNode ParseAtom(int depth)
    {
        var c = _text[_at++];
        switch (c)
        {
            case '(':
                if (_at + 1 < _end && _text[_at] == '?')
                {
                    _at += _text[_at + 1] == ':' ? 2 : throw new PatternSyntaxException("Of the groups with '?' only (?: … ) is known.");
                }
                var inner = ParseChoice(depth + 1);
                if (_at == _end)
                {
                    throw new PatternSyntaxException("A '(' is not closed.");
                }
                _at++;
                return inner;
            case '[':
                return new SetNode(ParseClass());
            case '.':
                return new SetNode(AsciiSet.All);
            case '\\':
                return new SetNode(ParseEscape());
            case '*' or '+' or '?' or '{':
                throw new PatternSyntaxException($"'{c}' repeats nothing.");
            case '^' or '$':
                throw new PatternSyntaxException($"'{c}' in the middle of a pattern never holds, because a pattern always describes the whole string.");
            default:
                return new SetNode(One(c));
        }
    }

    private AsciiSet ParseClass()
    {
        var set = default(AsciiSet);
        var negated = _at < _end && _text[_at] == '^';
        _at += negated ? 1 : 0;
        var first = true;
        while (true)
        {
            if (_at >= _end)
            {
                throw new PatternSyntaxException("A '[' is not closed.");
            }
            if (_text[_at] == ']' && !first)
            {
                break;
            }
            first = false;
            var low = ClassCharacter(out var several);
            if (several is { } known)
            {
                set |= known;
                continue;
            }
            var high = low;
            if (_at + 1 < _end && _text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                high = ClassCharacter(out several);
                if (several is not null || high < low)
                {
                    throw new PatternSyntaxException("A range in a class goes from a lower to a higher character.");
                }
            }
            set |= AsciiSet.Range(low, high);
        }
        _at++;
        set = negated ? set.Complement() : set;
        return set.IsEmpty ? throw new PatternSyntaxException("A class holds no character.") : set;
    }

    private char ClassCharacter(out AsciiSet? several)
    {
        var c = _text[_at++];
        several = null;
        if (c != '\\')
        {
            One(c);
            return c;
        }
        var set = ParseEscape();
        for (var i = 0; i < 128; i++)
        {
            if (set == AsciiSet.Range((char)i, (char)i))
            {
                return (char)i;
            }
        }
        several = set;
        return '\0';
    }

    private AsciiSet ParseEscape()
    {
        if (_at >= _end)
        {
            throw new PatternSyntaxException("A '\\' stands at the end.");
        }
        var c = _text[_at++];
        var word = AsciiSet.Range('a', 'z') | AsciiSet.Range('A', 'Z') | AsciiSet.Range('0', '9') | One('_');
        var space = One(' ') | AsciiSet.Range('\t', '\r');
        return c switch
        {
            'd' => AsciiSet.Range('0', '9'),
            'D' => AsciiSet.Range('0', '9').Complement(),
            'w' => word,
            'W' => word.Complement(),
            's' => space,
            'S' => space.Complement(),
            't' => One('\t'),
            'n' => One('\n'),
            'r' => One('\r'),
            >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' => throw new PatternSyntaxException($"The escape '\\{c}' is not known."),
            _ => One(c),
        };
    }

    private static AsciiSet One(char c) =>
        c < 128 ? AsciiSet.Range(c, c) : throw new PatternSyntaxException($"'{c}' is not ASCII; a pattern describes ASCII strings.");
}
