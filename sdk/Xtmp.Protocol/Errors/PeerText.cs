using System.Globalization;
using System.Text;

namespace Xtmp.Protocol;

/// <summary>Text that a peer wrote, or may have, made fit for a log line and a terminal.</summary>
public static class PeerText
{
    /// <summary>
    /// Controls, line and paragraph separators, format characters (those of text direction among them) and half
    /// surrogates as <c>\uXXXX</c>; all else as it is.
    /// </summary>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var i = 0; i < text.Length;)
        {
            var width = Width(text, i);
            if (width == 0)
            {
                return EscapeFrom(text, i);
            }

            i += width;
        }

        return text;
    }

    private static string EscapeFrom(string text, int first)
    {
        var escaped = new StringBuilder(text, 0, first, text.Length + 16);
        for (var i = first; i < text.Length;)
        {
            var width = Width(text, i);
            if (width == 0)
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
                i++;
            }
            else
            {
                escaped.Append(text, i, width);
                i += width;
            }
        }

        return escaped.ToString();
    }

    /// <summary>Characters at this place that stay as they are: 1, 2 for a pair, 0 for one that must be escaped.</summary>
    private static int Width(string text, int at)
    {
        var c = text[at];
        if (c is >= ' ' and <= '~')
        {
            return 1;
        }

        var category = at + 1 < text.Length && char.IsSurrogatePair(text, at) ? CharUnicodeInfo.GetUnicodeCategory(text, at) : CharUnicodeInfo.GetUnicodeCategory(c);
        return category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate
            ? 0
            : char.IsHighSurrogate(c) ? 2 : 1;
    }
}
