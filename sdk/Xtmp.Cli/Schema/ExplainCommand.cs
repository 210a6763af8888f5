using System.CommandLine;
using Xtmp.Cli.Schema.Findings;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema explain RULE</c></summary>
public static class ExplainCommand
{
    public static Command Create()
    {
        Argument<string?> rule = new("rule") { Description = "Id of a rule, for example XTMP030, LINT02 or FIELD_REMOVED.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("explain", """
            Shows the page of a rule: what it means and what to do. Without a rule, lists them all.

            Example: xtmp schema explain LINT02
            """);
        command.Arguments.Add(rule);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(rule) is not { } id)
            {
                foreach (string known in RulePages.Ids)
                {
                    output.WriteLine($"{known}: {RulePages.Find(known)!.Title}");
                }

                return ExitCodes.Ok;
            }

            if (RulePages.Find(id.ToUpperInvariant()) is not { } page)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"There is no rule '{PlainText.Of(id)}'. 'xtmp schema explain' lists them.");
                return ExitCodes.Usage;
            }

            output.Write(page.Text);
            return ExitCodes.Ok;
        });
        return command;
    }
}
