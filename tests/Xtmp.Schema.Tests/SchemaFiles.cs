namespace Xtmp.Schema.Tests;

internal static class SchemaFiles
{
    /// <summary>Reads a schema file of the repository with imports from its folder; fails the test on any diagnostic.</summary>
    public static SchemaModel Read(string relative)
    {
        var path = Repository.Path(relative);
        var result = SchemaReader.Read(path, File.ReadAllText(path), p => File.Exists(p) ? File.ReadAllText(p) : null);
        Assert.Empty(result.Diagnostics.Select(d => d.ToString()));
        return result.Model!;
    }
}
