using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Runs some of these tests in a process of their own, whose runtime is configured by environment variables.</summary>
public static partial class TestChild
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <param name="arguments">For xunit's console runner.</param>
    /// <param name="environment">NAME=VALUE, separated by blanks.</param>
    /// <param name="atLeast">How many tests must have run; a filter that finds none also ends well.</param>
    public static void Run(string[] arguments, string environment, int atLeast)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string variable in environment.Split(' '))
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_patience))
        {
            process.Kill();
            Assert.Fail($"The child did not end in {s_patience}: {environment}");
        }

        Assert.True(process.ExitCode == 0, $"The child failed: {environment}\n{output.Result}{error.Result}");
        Match total = Total().Match(output.Result);
        Assert.True(total.Success && int.Parse(total.Groups[1].Value, CultureInfo.InvariantCulture) >= atLeast, output.Result);
    }

    [GeneratedRegex(@"Total: (\d+)")]
    private static partial Regex Total();
}
