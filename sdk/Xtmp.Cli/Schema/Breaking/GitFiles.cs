using System.ComponentModel;
using System.Diagnostics;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Files as they were at a commit, a branch or a tag.</summary>
public sealed class GitFiles(string reference)
{
    /// <summary>What <c>--against</c> begins with.</summary>
    public const string Prefix = "git#";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The text of a file at the reference, or null where git has none, with git's words for it.</summary>
    public string? Read(string path, out string problem)
    {
        string full = Path.GetFullPath(path);
        if (reference.Length == 0 || reference[0] == '-')
        {
            problem = $"'{PlainText.Of(reference)}' names no commit, branch or tag";
            return null;
        }

        ProcessStartInfo start = new("git", ["-C", Path.GetDirectoryName(full)!, "cat-file", "blob", $"{reference}:./{Path.GetFileName(full)}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process git = Process.Start(start)!;
            Task<string> errors = git.StandardError.ReadToEndAsync();
            Task<string> text = git.StandardOutput.ReadToEndAsync();
            if (!git.WaitForExit(Patience))
            {
                git.Kill(entireProcessTree: true);
                problem = "git does not answer";
                return null;
            }

            problem = PlainText.Of(errors.Result.Trim());
            return git.ExitCode == 0 ? text.Result : null;
        }
        catch (Win32Exception)
        {
            problem = "git cannot be started";
            return null;
        }
    }
}
