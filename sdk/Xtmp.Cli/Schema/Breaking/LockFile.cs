using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>
/// <c>wire.lock</c>: the accepted shapes of one or more schemas, as canonical text one after the other, in order of
/// their protocols.
/// </summary>
public sealed class LockFile
{
    private const string Heading = """
        # Accepted shapes of what goes over the wire. Written by: xtmp schema breaking --accept
        # A change in this file is a change of the protocol: review it as one.

        """;

    private readonly SortedDictionary<string, string> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _firstLines = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">It is not a lock file.</exception>
    public static LockFile Parse(string text)
    {
        LockFile file = new();
        StringBuilder? section = null;
        int number = 0;
        int first = 0;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            if (line == CanonicalText.FirstLine)
            {
                file.Keep(section, first);
                section = new StringBuilder();
                first = number;
            }
            else if (section is null)
            {
                if (line.Length > 0 && line[0] != '#')
                {
                    throw new FormatException($"Line {number}: a lock file holds sections that begin with '{CanonicalText.FirstLine}'.");
                }

                continue;
            }

            section.Append(line).Append('\n');
        }

        file.Keep(section, first);
        return file;
    }

    public static LockFile Empty() => new();

    /// <summary>The accepted shape of a protocol, or null where there is none.</summary>
    /// <exception cref="FormatException">The section is damaged.</exception>
    public SchemaModel? Find(string protocol) => _sections.TryGetValue(protocol, out string? text) ? CanonicalReader.Read(text) : null;

    /// <summary>Where things stand in the lock file, by the paths of <see cref="SchemaResult.Positions"/>.</summary>
    public IReadOnlyDictionary<string, SourcePosition> PositionsOf(string protocol, string file)
    {
        Dictionary<string, SourcePosition> positions = new(StringComparer.Ordinal);
        string[] lines = _sections[protocol].Split('\n');
        string block = "";
        string handler = "";
        for (int i = 0; i < lines.Length; i++)
        {
            string[] words = lines[i].TrimStart().Split(' ');
            if (words.Length < 2)
            {
                continue;
            }

            bool member = lines[i].StartsWith("  ", StringComparison.Ordinal);
            if (!member)
            {
                block = words[0] switch
                {
                    "flags" => "flags." + words[1],
                    "protocol" or "namespace" or "version" => words[0],
                    _ => words[0] + "s." + words[1],
                };
                handler = words[0] == "handler" ? block : "";
            }

            // A method's line begins with its name, a member's with its number.
            string path = !member ? block : $"{block}.{(handler.Length > 0 ? words[0] : words[1])}";
            int line = _firstLines[protocol] + i;
            positions.TryAdd(path, new(file, line, member ? 3 : 1, line, lines[i].Length + 1));
        }

        return positions;
    }

    public void Accept(SchemaModel model) => _sections[model.Protocol] = CanonicalText.OfEverything(model);

    public string Write() => Heading.ReplaceLineEndings("\n") + "\n" + string.Join("\n", _sections.Values);

    private void Keep(StringBuilder? section, int firstLine)
    {
        if (section is null)
        {
            return;
        }

        string text = section.ToString().TrimEnd('\n') + "\n";
        SchemaModel model = CanonicalReader.Read(text);
        if (!_sections.TryAdd(model.Protocol, text))
        {
            throw new FormatException($"The protocol '{model.Protocol}' stands there twice.");
        }

        _firstLines[model.Protocol] = firstLine;
    }
}
