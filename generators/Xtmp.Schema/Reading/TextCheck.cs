namespace Xtmp.Schema.Reading;

/// <summary>What can be said of a schema's text before it is read as YAML.</summary>
internal static class TextCheck
{
    public static bool Passes(string file, string text, DiagnosticBag diagnostics)
    {
        if (text.Length > NodeLoader.MaxCharacters)
        {
            diagnostics.Add(SchemaRules.TooLarge, new(file, 1, 1, 1, 2), FormattableString.Invariant($"The schema holds more than {NodeLoader.MaxCharacters} characters."));
            return false;
        }
        int line = 1, column = 1;
        var indentation = true;
        for (var i = 0; i < text.Length; i++, column++)
        {
            var c = text[i];
            if (c == '\n')
            {
                line++;
                column = 0;
                indentation = true;
                continue;
            }
            if (IsForeign(text, i))
            {
                var what = c == '\uFFFD' ? "bytes that are not UTF-8" : FormattableString.Invariant($"the character U+{(int)c:X4}");
                diagnostics.Add(SchemaRules.NotText, new(file, line, column, line, column + 1), $"The file holds {what}; a schema is UTF-8 text.");
                return false;
            }
            if (c == '\t' && indentation && !IsRestOfLineBlank(text, i))
            {
                diagnostics.Add(SchemaRules.Tab, new(file, line, column, line, column + 1), "The line is indented with a tab; indent with spaces.");
                return false;
            }
            indentation &= c is ' ' or '\t';
        }
        return true;
    }

    /// <summary>Control characters, lone surrogates, and what decoders put in the place of bytes that are not UTF-8.</summary>
    private static bool IsForeign(string text, int i)
    {
        var c = text[i];
        if (char.IsHighSurrogate(c))
        {
            return i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1]);
        }
        if (char.IsLowSurrogate(c))
        {
            return i == 0 || !char.IsHighSurrogate(text[i - 1]);
        }
        // A byte order mark is allowed where it belongs.
        return c is '\uFFFD' or '\uFFFE' or '\uFFFF' || (c == '\uFEFF' && i > 0) || (IsForbidden(c) && c != '\r');
    }

    /// <summary>
    /// What no text of a schema may hold, written as it is or as an escape: control characters except tab and line feed,
    /// the other line terminators, and the marks that turn the direction of text, with which a file shows something else
    /// than it says.
    /// </summary>
    public static bool IsForbidden(char c) =>
        (char.IsControl(c) && c is not ('\t' or '\n'))
        || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F' or '\u061C';

    private static bool IsRestOfLineBlank(string text, int i)
    {
        for (; i < text.Length && text[i] != '\n'; i++)
        {
            if (text[i] is not (' ' or '\t' or '\r'))
            {
                return text[i] == '#';
            }
        }
        return true;
    }
}
