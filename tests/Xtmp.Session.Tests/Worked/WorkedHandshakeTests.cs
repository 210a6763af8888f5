namespace Xtmp.Session.Tests;

/// <summary>
/// schema/SPEC.md shows this handshake, the rekey after it and the session that its ticket resumes; schema/vectors holds their
/// frames. After a change that is meant, <c>XTMP_UPDATE_SPEC=1 dotnet test tests/Xtmp.Session.Tests</c> writes all of it anew.
/// </summary>
public sealed class WorkedHandshakeTests
{
    [Fact]
    public void the_specification_shows_what_the_code_does()
    {
        var (first, resumed) = WorkedHandshake.Run();
        Check("handshake", first);
        Check("resumption", resumed);
    }

    private static void Check(string name, WorkedHandshake worked)
    {
        var specification = Repository.Path("schema/SPEC.md");
        var vectors = Repository.Path($"schema/vectors/{name}.hex");
        var begin = $"<!-- worked {name}: begin -->\n```text\n";
        var text = File.ReadAllText(specification);
        var start = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var end = text.IndexOf($"\n```\n<!-- worked {name}: end -->", StringComparison.Ordinal);
        Assert.True(start >= begin.Length && end > start, $"SPEC.md has no worked {name}.");
        if (Environment.GetEnvironmentVariable("XTMP_UPDATE_SPEC") == "1")
        {
            File.WriteAllText(specification, text[..start] + worked.Text + text[end..]);
            File.WriteAllText(vectors, worked.Frames);
            return;
        }

        Assert.Equal(text[start..end], worked.Text);
        Assert.Equal(File.ReadAllText(vectors), worked.Frames);
    }
}
