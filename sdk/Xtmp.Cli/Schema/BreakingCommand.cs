using System.CommandLine;
using Xtmp.Cli.Schema.Breaking;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema breaking FILE… --against wire.lock</c></summary>
public static class BreakingCommand
{
    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Option<string> against = new("--against")
        {
            Description = "What is accepted: a wire.lock, or an older version of the schema (.yaml).",
            DefaultValueFactory = _ => "schema/wire.lock",
        };
        Option<bool> accept = new("--accept") { Description = "Take the schemas as they are into the lock file." };
        Option<BreakingClass> least = new("--fail-on")
        {
            Description = "Least class that counts: Wire, Json (and Wire), or Source (all).",
            DefaultValueFactory = _ => BreakingClass.Source,
        };
        Command command = new("breaking", """
            Compares schemas with their accepted state and classes what breaks: WIRE (peers misunderstand or refuse each other),
            JSON (names in JSON change), SOURCE (C# code no longer compiles). Goes into types that were exchanged for others.

            Example: xtmp schema breaking schema/xtmp.yaml schema/bitchat.yaml --against schema/wire.lock
            Example: xtmp schema breaking schema/xtmp.yaml --accept
            """);
        command.Arguments.Add(files);
        command.Options.Add(against);
        command.Options.Add(accept);
        command.Options.Add(least);
        command.SetAction(parsed => Run(
            parsed.GetValue(files)!, parsed.GetValue(against)!, parsed.GetValue(accept), parsed.GetValue(least),
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string[] paths, string against, bool accept, BreakingClass least, TextWriter output, TextWriter error)
    {
        if (SchemaFile.ReadAll(paths, error, out int exitCode) is not { } schemas)
        {
            return exitCode;
        }

        bool isLock = !against.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !against.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
        if (accept && !isLock)
        {
            error.WriteLine("--accept writes a lock file; --against names a schema.");
            return ExitCodes.Usage;
        }

        LockFile accepted = LockFile.Empty();
        if (isLock && (File.Exists(against) || !accept))
        {
            try
            {
                if (SchemaFile.ReadText(against, error) is not { } text)
                {
                    return ExitCodes.Usage;
                }

                accepted = LockFile.Parse(text);
            }
            catch (FormatException e)
            {
                error.WriteLine($"{against}: {e.Message}");
                return ExitCodes.Usage;
            }
        }

        if (accept)
        {
            foreach (SchemaFile schema in schemas)
            {
                accepted.Accept(schema.Model);
            }

            return OutputFiles.Write("", new Dictionary<string, string> { [against] = accepted.Write() }, check: false, output, error);
        }

        SchemaModel? older = null;
        if (!isLock)
        {
            if (SchemaFile.ReadAll([against], error, out exitCode) is not { } read)
            {
                return exitCode;
            }

            older = read[0].Model;
        }

        int findings = 0;
        foreach (SchemaFile schema in schemas)
        {
            if ((older ?? accepted.Find(schema.Model.Protocol)) is not { } before)
            {
                error.WriteLine($"{schema.Path}: {against} knows nothing of the protocol '{schema.Model.Protocol}'; --accept adds it.");
                findings++;
                continue;
            }

            foreach (BreakingChange change in SchemaComparer.Compare(before, schema.Model).Where(c => c.Class <= least))
            {
                string place = schema.Result.Positions.TryGetValue(change.Path, out var position) ? position.ToString() : schema.Path;
                output.WriteLine($"{place}: {change}");
                findings++;
            }
        }

        return findings > 0 ? ExitCodes.Findings : ExitCodes.Ok;
    }
}
