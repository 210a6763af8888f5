using System.Text;

namespace Xtmp.Generator;

/// <summary>Text with indentation. Lines end in \n whatever the machine, so that output is the same everywhere.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _indent;

    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            // A preprocessor line starts where the line does.
            _text.Append(' ', line[0] == '#' ? 0 : _indent * 4).Append(line);
        }

        _text.Append('\n');
    }

    public void Lines(params string[] lines)
    {
        foreach (var line in lines)
        {
            Line(line);
        }
    }

    /// <summary>The line, an opening brace, and one step further in.</summary>
    public void Open(string line)
    {
        Line(line);
        Line("{");
        _indent++;
    }

    public void Close(string suffix = "")
    {
        if (_text.Length > 1 && _text[_text.Length - 1] == '\n' && _text[_text.Length - 2] == '\n')
        {
            _text.Length--;
        }

        _indent--;
        Line("}" + suffix);
    }

    /// <summary>A statement that belongs under a condition or loop of one line.</summary>
    public void Guarded(string condition, string statement)
    {
        Open(condition);
        Line(statement);
        Close();
        Line();
    }

    /// <summary>An expression that goes on over lines: one step further in, without braces.</summary>
    public void Indented(string line)
    {
        _indent++;
        Line(line);
        _indent--;
    }

    /// <summary>An XML documentation element holding plain text.</summary>
    public void Doc(string text, string element = "summary", string attributes = "")
    {
        var lines = Escape(text).Trim().Split('\n');
        if (lines.Length == 1)
        {
            Line($"/// <{element}{attributes}>{lines[0].Trim()}</{element}>");
            return;
        }

        Line($"/// <{element}{attributes}>");
        foreach (var line in lines)
        {
            Line("/// " + line.Trim());
        }

        Line($"/// </{element}>");
    }

    /// <summary>A blank line, but never two.</summary>
    public void Gap()
    {
        if (_text.Length > 1 && !(_text[_text.Length - 1] == '\n' && _text[_text.Length - 2] == '\n') && !EndsWithOpenBrace())
        {
            Line();
        }
    }

    public override string ToString() => _text.ToString();

    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\r", "");

    private bool EndsWithOpenBrace() => _text.Length > 1 && _text[_text.Length - 2] == '{';
}
