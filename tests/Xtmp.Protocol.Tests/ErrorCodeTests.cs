using System.Text.RegularExpressions;

namespace Xtmp.Protocol.Tests;

public sealed partial class ErrorCodeTests
{
    [Fact]
    public void the_specification_names_every_error_code_and_no_other()
    {
        var section = Section(Repository.Text("schema/SPEC.md"));
        var listed = Listed().Matches(section).Select(match => (Code: int.Parse(match.Groups[1].Value), Name: match.Groups[2].Value)).Order().ToArray();
        var known = Enum.GetValues<XtmpErrorCode>().Where(code => code != XtmpErrorCode.None).Select(code => (Code: (int)code, Name: code.ToString())).Order().ToArray();
        Assert.Equal(known, listed);
    }

    private static string Section(string specification)
    {
        var start = specification.IndexOf("## 6. Errors", StringComparison.Ordinal);
        return specification[start..specification.IndexOf("## 7.", start, StringComparison.Ordinal)];
    }

    // "207 CallCycle" in the text, "| 300 | InsufficientFunds |" in the table.
    [GeneratedRegex(@"\b(\d{1,3}) (?:\| )?([A-Z][A-Za-z]+)(?=[,;. ])")]
    private static partial Regex Listed();
}
