using System.CommandLine;
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
        Command command = new("check", $"Runs Wycheproof test vectors ({string.Join(", ", WycheproofFile.Types)}).");
        command.Arguments.Add(files);
        command.Options.Add(provider);
        command.SetAction(parsed => Run(
            parsed.GetValue(files)!,
            parsed.GetValue(provider)!,
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string[] files, string providerName, TextWriter output, TextWriter error)
    {
        ICryptoProvider provider = providerName switch
        {
            "managed" => CryptoProviders.Managed,
            "platform" => CryptoProviders.Platform,
            _ => CryptoProviders.Current,
        };
        if (!provider.IsSupported)
        {
            error.WriteLine($"The {provider.Name} provider does not work here: it needs OpenSSL 3.5 or Windows 11.");
            return FileUnusable;
        }

        bool failed = false;
        bool unusable = false;
        foreach (string file in files)
        {
            try
            {
                WycheproofFile runner = new(provider, line => error.WriteLine($"{file}: {line}"));
                VectorCounts counts = runner.Run(File.ReadAllBytes(file));
                output.WriteLine($"{file}: passed {counts.Passed}, failed {counts.Failed}, skipped {counts.Skipped}");
                failed |= counts.Failed > 0;
            }
            catch (Exception problem) when (problem is VectorFormatException or IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"{file}: malformed or unreadable: {problem.Message}");
                unusable = true;
            }
        }

        return failed ? TestFailed : unusable ? FileUnusable : 0;
    }
}
