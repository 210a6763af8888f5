namespace Xtmp.Cli.Tests.Schema;

/// <summary>Files of the repository, found by walking up from the test assembly.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The schemas that are shipped.</summary>
    public static string[] Schemas { get; } = ["schema/xtmp.yaml", "schema/bitchat.yaml"];

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static string[] Paths(params string[] relative) => [.. relative.Select(Path)];

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Xtmp.Sdk.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
    }
}
