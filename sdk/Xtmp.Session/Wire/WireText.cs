using System.Text;

namespace Xtmp.Session;

/// <summary>Text on its way to or from a peer.</summary>
internal static class WireText
{
    /// <summary>The first <paramref name="chars"/> characters, never half a surrogate pair, never ill-formed UTF-16.</summary>
    public static string Cut(string text, int chars)
    {
        if (text.Length > chars)
        {
            text = text[..(char.IsHighSurrogate(text[chars - 1]) ? chars - 1 : chars)];
        }

        foreach (var rune in text.EnumerateRunes())
        {
            // EnumerateRunes shows a lone surrogate as U+FFFD, which is what UTF-8 would make of it.
            if (rune == Rune.ReplacementChar)
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            }
        }

        return text;
    }

    /// <summary>A peer's text for a log line: cut, control characters replaced, quoted.</summary>
    public static string Quote(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "no text";
        }

        return string.Create(Math.Min(text.Length, 256) + 2, text, static (span, source) =>
        {
            span[0] = '"';
            span[^1] = '"';
            for (var i = 1; i < span.Length - 1; i++)
            {
                span[i] = char.IsControl(source[i - 1]) || char.IsSurrogate(source[i - 1]) ? '?' : source[i - 1];
            }
        });
    }
}
