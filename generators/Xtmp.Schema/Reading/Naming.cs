using System.Text;

namespace Xtmp.Schema.Reading;

/// <summary>The forms of names and how they become C# names.</summary>
internal static class Naming
{
    public const int LongestName = 64;

    private static readonly HashSet<string> _keywords = new(StringComparer.Ordinal)
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte",
        "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof",
        "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    };

    /// <summary>Lower-case words and digits joined by single underscores, beginning with a letter.</summary>
    public static bool IsSnakeCase(string name)
    {
        if (name.Length is 0 or > LongestName || name[0] is < 'a' or > 'z' || name[name.Length - 1] == '_')
        {
            return false;
        }
        for (var i = 1; i < name.Length; i++)
        {
            if (name[i] is not (>= 'a' and <= 'z' or >= '0' and <= '9') && !(name[i] == '_' && name[i - 1] != '_'))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>ASCII letters and digits, beginning with a capital.</summary>
    public static bool IsPascalCase(string name) =>
        name.Length is > 0 and <= LongestName && name[0] is >= 'A' and <= 'Z' && name.All(IsAsciiLetterOrDigit);

    public static bool IsNamespace(string name) =>
        name.Length <= 4 * LongestName && name.Split('.').All(part =>
            part.Length > 0 && !_keywords.Contains(part) && (part[0] == '_' || char.IsLetter(part[0]) && part[0] < 128)
            && part.All(c => c == '_' || IsAsciiLetterOrDigit(c)));

    public static string ToPascalCase(string snakeCase)
    {
        var name = new StringBuilder(snakeCase.Length);
        var capital = true;
        foreach (var c in snakeCase)
        {
            if (c == '_')
            {
                capital = true;
                continue;
            }
            name.Append(capital ? char.ToUpperInvariant(c) : c);
            capital = false;
        }
        return name.ToString();
    }

    /// <summary>What a badly formed name would be in snake_case, or null when nothing sensible comes out.</summary>
    public static string? SuggestSnakeCase(string name)
    {
        var words = new StringBuilder();
        for (var i = 0; i < name.Length && i < LongestName; i++)
        {
            var c = name[i];
            if (c is >= 'A' and <= 'Z')
            {
                if (i > 0 && name[i - 1] is >= 'a' and <= 'z' or >= '0' and <= '9')
                {
                    words.Append('_');
                }
                words.Append((char)(c + 32));
            }
            else if (c is >= 'a' and <= 'z' or >= '0' and <= '9')
            {
                words.Append(c);
            }
            else if (words.Length > 0 && words[words.Length - 1] != '_')
            {
                words.Append('_');
            }
        }
        var suggestion = words.ToString().Trim('_');
        return IsSnakeCase(suggestion) && suggestion != name ? suggestion : null;
    }

    /// <summary>What a badly formed type name would be in PascalCase, or null when nothing sensible comes out.</summary>
    public static string? SuggestPascalCase(string name)
    {
        var joined = new string(ToPascalCase(new string(name.Take(LongestName).Select(c => IsAsciiLetterOrDigit(c) ? c : '_').ToArray())).ToArray());
        return IsPascalCase(joined) && joined != name ? joined : null;
    }

    private static bool IsAsciiLetterOrDigit(char c) => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9';
}
