using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Xtmp.Cli;

/// <summary>Help in which the verbs below a command take a sentence each; a verb's own help says the rest.</summary>
internal sealed class BriefHelp(HelpAction help) : SynchronousCommandLineAction
{
    /// <summary>Who asks for help has not forgotten the arguments.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        foreach (Command verb in parseResult.CommandResult.Command.Subcommands)
        {
            verb.Description = FirstSentence(verb.Description ?? string.Empty);
        }

        return help.Invoke(parseResult);
    }

    private static string FirstSentence(string text)
    {
        string paragraph = string.Join(' ', text.Split("\n\n", 2)[0].Split('\n', StringSplitOptions.TrimEntries));
        int end = paragraph.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? paragraph : paragraph[..(end + 1)];
    }
}
