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

    /// <exception cref="FormatException">It is not a lock file.</exception>
    public static LockFile Parse(string text)
    {
        LockFile file = new();
        StringBuilder? section = null;
        int number = 0;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            if (line == CanonicalText.FirstLine)
            {
                file.Keep(section);
                section = new StringBuilder();
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

        file.Keep(section);
        return file;
    }

    public static LockFile Empty() => new();

    /// <summary>The accepted shape of a protocol, or null where there is none.</summary>
    /// <exception cref="FormatException">The section is damaged.</exception>
    public SchemaModel? Find(string protocol) => _sections.TryGetValue(protocol, out string? text) ? CanonicalReader.Read(text) : null;

    public void Accept(SchemaModel model) => _sections[model.Protocol] = CanonicalText.OfEverything(model);

    public string Write() => Heading.ReplaceLineEndings("\n") + "\n" + string.Join("\n", _sections.Values);

    private void Keep(StringBuilder? section)
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
    }
}
