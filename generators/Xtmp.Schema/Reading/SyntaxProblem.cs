using YamlDotNet.Core;

namespace Xtmp.Schema.Reading;

/// <summary>Says what a YAML syntax error most probably is in words of the schema language.</summary>
internal static class SyntaxProblem
{
    public static void Report(string file, string text, YamlException problem, DiagnosticBag diagnostics)
    {
        var line = Math.Max(1, (int)problem.Start.Line);
        var column = Math.Max(1, (int)problem.Start.Column);
        var message = problem.Message;
        // What is missing at the end of the file is missed after its last character, not on the empty line that follows.
        var lines = text.TrimEnd().Split('\n');
        if (line > lines.Length)
        {
            (line, column) = (lines.Length, lines[lines.Length - 1].Length + 1);
        }
        var position = new SourcePosition(file, line, column, line, column + 1);
        if (Says(message, "expected key", "expected <block end>", "expected '-' indicator", "block mapping", "block collection", "block sequence")
            && !Says(message, "flow"))
        {
            diagnostics.Add(SchemaRules.Indentation, position, "This line is not indented like the lines it belongs to, or the line before it is not finished.");
        }
        else if (Says(message, "mapping values are not allowed", "invalid mapping", "simple key"))
        {
            diagnostics.Add(SchemaRules.Syntax, position, "A key cannot stand here: either the line is indented wrongly, or a text that holds ': ' needs quotes.");
        }
        else if (Says(message, "flow mapping", "flow sequence", "flow collection", "',' or '}'", "',' or ']'"))
        {
            diagnostics.Add(SchemaRules.Syntax, position, "A '{ … }' or '[ … ]' is not finished or holds text that needs quotes, as in \"bytes[32]\" or \"map<string, u32>\".");
        }
        else if (Says(message, "quoted scalar", "escape"))
        {
            diagnostics.Add(SchemaRules.Syntax, position, "A quoted text is not finished or holds an unknown escape.");
        }
        else if (Says(message, "cannot start any token", "reserved", "directive"))
        {
            diagnostics.Add(SchemaRules.Syntax, position, "This character cannot begin a value; put the value in quotes.");
        }
        else
        {
            diagnostics.Add(SchemaRules.Syntax, position, "Not well-formed YAML: " + DiagnosticText.Excerpt(FirstSentence(message)) + ".");
        }
    }

    private static bool Says(string message, params string[] parts) =>
        parts.Any(part => message.IndexOf(part, StringComparison.OrdinalIgnoreCase) >= 0);

    private static string FirstSentence(string message)
    {
        var colon = message.LastIndexOf("): ", StringComparison.Ordinal);
        return (colon >= 0 ? message.Substring(colon + 3) : message).TrimEnd('.');
    }
}
