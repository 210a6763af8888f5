namespace Xtmp.Cli.Tests.Schema;

/// <summary>Runs the <c>xtmp</c> command in this process.</summary>
internal static class Tool
{
    public static (int ExitCode, string Output, string Error) Run(params string[] args) => RunAsync(args).GetAwaiter().GetResult();

    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new() { NewLine = "\n" };
        int exitCode = await XtmpCommandLine.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
