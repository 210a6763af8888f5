namespace Xtmp.Session.Tests;

/// <summary>
/// schema/SPEC.md shows this handshake, and schema/vectors/handshake.hex holds its frames. After a change that is meant,
/// <c>XTMP_UPDATE_SPEC=1 dotnet test tests/Xtmp.Session.Tests</c> writes both anew.
/// </summary>
public sealed class WorkedHandshakeTests
{
    private const string Begin = "<!-- worked handshake: begin -->\n```text\n";
    private const string End = "\n```\n<!-- worked handshake: end -->";

    [Fact]
    public void the_specification_shows_what_the_code_does()
    {
        var worked = WorkedHandshake.Run();
        var specification = Path.Combine(Root(), "schema", "SPEC.md");
        var vectors = Path.Combine(Root(), "schema", "vectors", "handshake.hex");
        var text = File.ReadAllText(specification);
        var start = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(start >= Begin.Length && end > start, "SPEC.md has no worked handshake.");
        if (Environment.GetEnvironmentVariable("XTMP_UPDATE_SPEC") == "1")
        {
            File.WriteAllText(specification, text[..start] + worked.Text + text[end..]);
            File.WriteAllText(vectors, worked.Frames);
            return;
        }

        Assert.Equal(text[start..end], worked.Text);
        Assert.Equal(File.ReadAllText(vectors), worked.Frames);
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Xtmp.Sdk.sln")))
        {
            directory = directory.Parent;
        }

        Assert.NotNull(directory);
        return directory.FullName;
    }
}
