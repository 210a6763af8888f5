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
            if (line.Any(CSharpText.IsLineTerminator))
            {
                throw new InvalidOperationException("A line of generated code holds a line terminator: text that was not escaped.");
            }

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
    public void Doc(string text, string element = "summary")
    {
        var lines = CSharpText.DocLines(text.Trim());
        if (lines.Count == 1)
        {
            Line($"/// <{element}>{lines[0]}</{element}>");
            return;
        }

        Line($"/// <{element}>");
        foreach (var line in lines)
        {
            Line("/// " + line);
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

    private bool EndsWithOpenBrace() => _text.Length > 1 && _text[_text.Length - 2] == '{';
}
