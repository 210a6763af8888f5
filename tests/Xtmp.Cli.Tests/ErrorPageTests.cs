using System.Text.RegularExpressions;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Protocol;

namespace Xtmp.Cli.Tests;

/// <summary>The page of error codes lists each of them, under its number, in order.</summary>
public sealed partial class ErrorPageTests
{
    [Fact]
    public void errors_md_lists_every_code()
    {
        Assert.Equal(
            Enum.GetValues<XtmpErrorCode>().Where(c => c != XtmpErrorCode.None).Select(c => $"{(int)c} {c}"),
            Row().Matches(File.ReadAllText(Repository.Path("sdk/docs/errors.md"))).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}"));
    }

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \| [^|]{8,} \| [^|]{6,} \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
