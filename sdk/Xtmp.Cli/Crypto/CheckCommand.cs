using System.CommandLine;
using System.Text.Json.Nodes;
using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// <c>xtmp crypto check FILE…</c>: runs Wycheproof files. Exits 1 when a test failed, 2 when a file could not be read or
/// is malformed (and no test failed), else 0.
/// </summary>
public static class CheckCommand
{
    private const int TestFailed = 1;
    private const int FileUnusable = 2;

    public static Command Create()
    {
        Argument<string[]> files = new("files") { Description = "Wycheproof JSON files.", Arity = ArgumentArity.OneOrMore };
        Option<string> provider = new("--provider")
        {
            Description = "managed, platform, or default: who computes ML-KEM and ML-DSA.",
            DefaultValueFactory = _ => "default",
        };
        provider.AcceptOnlyFromAmong("default", "managed", "platform");
        Command command = new("check", $"Runs Wycheproof test vectors ({string.Join(", ", WycheproofFile.Types)}).\n\nExample: xtmp crypto check mlkem_1024_test.json --provider managed");
        command.Arguments.Add(files);
        Option<bool> json = Arguments.Json();
        command.Options.Add(provider);
        command.Options.Add(json);
        command.SetAction(parsed => Run(parsed.GetValue(files)!, parsed.GetValue(provider)!, new Terminal(parsed, parsed.GetValue(json))));
        return command;
    }

    private static int Run(string[] files, string providerName, Terminal terminal)
    {
        ICryptoProvider provider = providerName switch
        {
            "managed" => CryptoProviders.Managed,
            "platform" => CryptoProviders.Platform,
            _ => CryptoProviders.Current,
        };
        if (!provider.IsSupported)
        {
            terminal.Error($"The {provider.Name} provider does not work here: it needs OpenSSL 3.5 or Windows 11.");
            return FileUnusable;
        }

        bool failed = false;
        bool unusable = false;
        foreach (string file in files)
        {
            try
            {
                WycheproofFile runner = new(provider, line => terminal.Error($"{file}: {line}"));
                VectorCounts counts = runner.Run(File.ReadAllBytes(file));
                if (terminal.IsJson)
                {
                    terminal.Json(new JsonObject { ["file"] = file, ["passed"] = counts.Passed, ["failed"] = counts.Failed, ["skipped"] = counts.Skipped });
                }
                else
                {
                    terminal.Line($"{file}: passed {counts.Passed}, failed {counts.Failed}, skipped {counts.Skipped}");
                }

                failed |= counts.Failed > 0;
            }
            catch (Exception problem) when (problem is VectorFormatException or IOException or UnauthorizedAccessException)
            {
                terminal.Error($"{file}: malformed or unreadable: {problem.Message}");
                unusable = true;
            }
        }

        return failed ? TestFailed : unusable ? FileUnusable : 0;
    }
}
