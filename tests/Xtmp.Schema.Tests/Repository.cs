namespace Xtmp.Schema.Tests;

/// <summary>Files of the repository, found by walking up from the test assembly.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static string Text(string relative) => File.ReadAllText(Path(relative));

    /// <summary>Reads a schema file with imports from its folder; fails the test on any diagnostic.</summary>
    public static SchemaModel Schema(string relative)
    {
        var path = Path(relative);
        var result = SchemaReader.Read(path, File.ReadAllText(path), p => File.Exists(p) ? File.ReadAllText(p) : null);
        Assert.Empty(result.Diagnostics.Select(d => d.ToString()));
        return result.Model!;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Xtmp.Sdk.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
    }
}
