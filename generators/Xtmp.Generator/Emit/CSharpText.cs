using System.Globalization;
using System.Text;

namespace Xtmp.Generator;

/// <summary>
/// The only way of a schema's text into generated code. Whatever the text holds, a literal stays one literal and a
/// documentation comment stays comment: the schema's author must not be able to run code in somebody's build.
/// </summary>
internal static class CSharpText
{
    private const char Replacement = '\uFFFD';

    /// <summary>A string literal: printable ASCII as it is, all else as escapes.</summary>
    public static string Literal(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var c in value)
        {
            switch (c)
            {
                case '"' or '\\':
                    text.Append('\\').Append(c);
                    break;
                case >= ' ' and < '\u007f':
                    text.Append(c);
                    break;
                default:
                    text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
            }
        }

        return text.Append('"').ToString();
    }

    /// <summary>
    /// Lines for an XML documentation comment: broken at every line terminator of C#, with XML's own characters and
    /// those that change the direction of text as entities, and without what XML cannot hold.
    /// </summary>
    public static IReadOnlyList<string> DocLines(string value)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (IsLineTerminator(c))
            {
                lines.Add(line.ToString().Trim());
                line.Clear();
                i += c == '\r' && i + 1 < value.Length && value[i + 1] == '\n' ? 1 : 0;
                continue;
            }

            switch (c)
            {
                case '&':
                    line.Append("&amp;");
                    break;
                case '<':
                    line.Append("&lt;");
                    break;
                case '>':
                    line.Append("&gt;");
                    break;
                case '\t':
                    line.Append(' ');
                    break;
                case var _ when char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]):
                    line.Append(c).Append(value[++i]);
                    break;
                case var _ when char.IsControl(c) || char.IsSurrogate(c) || c is '\uFFFE' or '\uFFFF':
                    line.Append(Replacement);
                    break;
                case var _ when CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format:
                    line.Append("&#x").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture)).Append(';');
                    break;
                default:
                    line.Append(c);
                    break;
            }
        }

        lines.Add(line.ToString().Trim());
        return lines;
    }

    /// <summary>The characters that end a line of C# (C# specification, 6.3.2).</summary>
    public static bool IsLineTerminator(char c) => c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029';
}
