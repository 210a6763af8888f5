using System.ComponentModel;
using System.Text;

namespace Xtmp.Protocol;

/// <summary>For generated code: rules of text that a length in chars does not tell.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class TextRules
{
    /// <summary>True for UTF-16 without lone surrogates whose UTF-8 has as many bytes as the limits allow.</summary>
    public static bool FitsUtf8(string text, int minBytes, int maxBytes)
    {
        if (text.Length > maxBytes)
        {
            return false;
        }

        if (Ascii.IsValid(text))
        {
            return text.Length >= minBytes;
        }

        long bytes = 0;
        foreach (var rune in text.AsSpan().EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
        }

        return bytes >= minBytes && bytes <= maxBytes && IsWellFormed(text);
    }

    /// <summary>True for UTF-16 without lone surrogates.</summary>
    public static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return false;
            }

            i++;
        }

        return true;
    }
}
