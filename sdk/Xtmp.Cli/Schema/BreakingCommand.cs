using System.CommandLine;
using Xtmp.Cli.Schema.Breaking;
using Xtmp.Cli.Schema.Findings;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema breaking FILE… --against wire.lock</c></summary>
public static class BreakingCommand
{
    private const string LockName = "wire.lock";

    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Option<string?> against = new("--against")
        {
            Description = "What is accepted: a lock file, an older version of the schema (.yaml), or git#REF. Default: wire.lock beside the first schema.",
        };
        Option<bool> accept = new("--accept") { Description = "Take the schemas as they are into the lock file." };
        Option<BreakingClass> failOn = Arguments.OneOf("--fail-on", "Least class that counts: wire, state, json, source or version, each with those before it.", BreakingClass.Version);
        Option<string[]> ignore = SchemaArguments.Ignore();
        Option<bool> json = SchemaArguments.Json();
        Option<bool> sarif = SchemaArguments.Sarif();
        Command command = new("breaking", """
            Compares schemas with their accepted state and classes what breaks: WIRE (peers misunderstand or refuse each other),
            STATE (what grains have stored is orphaned), JSON (names in JSON change), SOURCE (C# code no longer compiles),
            VERSION (the schema does not say that it changed, or the lock file is stale). Goes into types that were exchanged
            for others. What is gone is reported at the lock file's line. 'xtmp schema explain RULE' says more.

            Example: xtmp schema breaking schema/xtmp.yaml schema/bitchat.yaml --against schema/wire.lock
            Example: xtmp schema breaking schema/xtmp.yaml --against git#main --ignore FIELD_RENAMED:structs.Line.amount
            Example: xtmp schema breaking schema/xtmp.yaml --accept
            """);
        command.Arguments.Add(files);
        command.Options.Add(against);
        command.Options.Add(accept);
        command.Options.Add(failOn);
        command.Options.Add(ignore);
        command.Options.Add(json);
        command.Options.Add(sarif);
        command.SetAction(parsed =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            TextWriter output = parsed.InvocationConfiguration.Output;
            string[] paths = parsed.GetValue(files)!;
            string given = parsed.GetValue(against) ?? Path.Combine(Path.GetDirectoryName(paths[0]) ?? "", LockName);
            if (RuleFilter.Parse(parsed.GetValue(ignore) ?? [], error) is not { } filter)
            {
                return ExitCodes.Usage;
            }

            List<Finding> findings = [];
            FindingFormat format = SchemaArguments.Format(parsed.GetValue(json), parsed.GetValue(sarif));
            if (SchemaFile.ReadAll(paths, error, findings, out int exitCode) is { } schemas)
            {
                if (parsed.GetValue(accept))
                {
                    FindingWriter.Write(findings, FindingFormat.Text, error, error);
                    return Accept(schemas, given, output, error);
                }

                exitCode = Compare(schemas, given, parsed.GetValue(against), findings, parsed.GetValue(failOn), error);
            }

            findings.RemoveAll(f => !filter.Passes(f));
            FindingWriter.Write(findings, format, output, error);
            return exitCode != ExitCodes.Ok ? exitCode : findings.Any(f => f.Class is not null) ? ExitCodes.Findings : ExitCodes.Ok;
        });
        return command;
    }

    private static bool IsSchema(string path) => path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);

    private static int Accept(IReadOnlyList<SchemaFile> schemas, string against, TextWriter output, TextWriter error)
    {
        if (IsSchema(against) || against.StartsWith(GitFiles.Prefix, StringComparison.Ordinal))
        {
            error.WriteLine("--accept writes a lock file; --against names something else.");
            return ExitCodes.Usage;
        }

        LockFile? accepted = File.Exists(against) ? ReadLock(against, error) : LockFile.Empty();
        if (accepted is null)
        {
            return ExitCodes.Usage;
        }

        foreach (SchemaFile schema in schemas)
        {
            accepted.Accept(schema.Model);
        }

        return OutputFiles.Write("", new Dictionary<string, string> { [against] = accepted.Write() }, check: false, output, error);
    }

    private static LockFile? ReadLock(string path, TextWriter error)
    {
        try
        {
            return SchemaFile.ReadText(path, error) is { } text ? LockFile.Parse(text) : null;
        }
        catch (FormatException e)
        {
            error.WriteLine($"{path}: {e.Message}");
            return null;
        }
    }

    private static int Compare(IReadOnlyList<SchemaFile> schemas, string against, string? given, List<Finding> findings, BreakingClass failOn, TextWriter error)
    {
        string acceptCommand = $"xtmp schema breaking {string.Join(' ', schemas.Select(s => Quoted(s.Path)))}{(given is null ? "" : " --against " + Quoted(given))} --accept";
        LockFile? lockFile = null;
        bool isLock = !IsSchema(against) && !against.StartsWith(GitFiles.Prefix, StringComparison.Ordinal);
        if (isLock && (lockFile = ReadLock(against, error)) is null)
        {
            return ExitCodes.Usage;
        }

        foreach (SchemaFile schema in schemas)
        {
            AcceptedState? before = null;
            string protocol = schema.Model.Protocol;
            if (!isLock)
            {
                if ((before = Older(schema, against, error, out int exitCode)) is null)
                {
                    return exitCode;
                }
            }
            else if (lockFile!.Find(protocol) is { } model)
            {
                before = new(model, lockFile.PositionsOf(protocol, against));
            }
            else
            {
                findings.Add(Found(BreakingRules.NotAccepted, BreakingClass.Version, FileOf(schema.Path), "",
                    $"{against} knows nothing of the protocol '{protocol}'; accept it with: {acceptCommand}"));
                continue;
            }

            IReadOnlyList<BreakingChange> changes = SchemaComparer.Compare(before.Model, schema.Model);
            findings.AddRange(changes.Where(c => c.Class <= failOn)
                .Select(c => Found(c.Rule, c.Class, Place(c, schema.Result.Positions, before.Positions) ?? FileOf(schema.Path), c.Path, c.Message)));
            if (isLock && changes.Count == 0 && !SchemaComparer.AreEqual(before.Model, schema.Model))
            {
                findings.Add(Found(BreakingRules.LockStale, BreakingClass.Version, FileOf(schema.Path), "",
                    $"Nothing breaks, but {against} lacks what is new; accept it with: {acceptCommand}"));
            }
        }

        return ExitCodes.Ok;
    }

    /// <summary>An older version of a schema, from a file or from git.</summary>
    private static AcceptedState? Older(SchemaFile schema, string against, TextWriter error, out int exitCode)
    {
        exitCode = ExitCodes.Usage;
        if (!against.StartsWith(GitFiles.Prefix, StringComparison.Ordinal))
        {
            return SchemaFile.ReadAll([against], error, out exitCode) is { } read ? new(read[0].Model, read[0].Result.Positions) : null;
        }

        GitFiles git = new(against[GitFiles.Prefix.Length..]);
        if (git.Read(schema.Path, out string problem) is not { } text)
        {
            error.WriteLine($"{schema.Path}: {against}: {problem}");
            return null;
        }

        SchemaResult result = SchemaReader.Read(schema.Path, text, import => git.Read(import, out _));
        if (result.Model is null)
        {
            error.WriteLine($"{schema.Path}: {against}: it had errors there. The first: {result.Diagnostics.First(d => d.Severity == SchemaSeverity.Error)}");
            return null;
        }

        return new(result.Model, result.Positions.ToDictionary(p => p.Key, p => p.Value with { File = $"{against}:{p.Value.File}" }));
    }

    /// <summary>
    /// Where a thing stands now; where it is gone, where it stood; and of what lies inside an exchanged type, where that
    /// is used.
    /// </summary>
    private static SourcePosition? Place(BreakingChange change, IReadOnlyDictionary<string, SourcePosition> now, IReadOnlyDictionary<string, SourcePosition> before)
    {
        for (string path = change.NewPath ?? change.Path; path.Length > 0; path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[', '{']))])
        {
            if (now.TryGetValue(path, out SourcePosition position) || before.TryGetValue(path, out position))
            {
                return position;
            }
        }

        return null;
    }

    private static Finding Found(BreakingRule rule, BreakingClass kind, SourcePosition position, string path, string message)
    {
        FindingLevel level = kind switch
        {
            BreakingClass.Wire or BreakingClass.State => FindingLevel.Error,
            BreakingClass.Json or BreakingClass.Source => FindingLevel.Warning,
            _ => FindingLevel.Note,
        };
        string name = kind.ToString().ToUpperInvariant();
        return new(rule.Id, level, position, path, message, $"{name}: {(path.Length > 0 ? path + ": " : "")}{message} [{rule.Id}]") { Class = name };
    }

    private static SourcePosition FileOf(string path) => new(path, 0, 0, 0, 0);

    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;
}
