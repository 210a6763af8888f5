namespace Xtmp.Messages.Tests;

/// <summary>Files of the repository, found by walking up from where the tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The schemas whose generated code is under test.</summary>
    public static IEnumerable<string> Schemas() =>
        Directory.EnumerateFiles(Path.Combine(Root, "schema"), "*.yaml")
            .Append(Path.Combine(Root, "tests", "Xtmp.Messages.Tests", "torture.yaml"));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Xtmp.Sdk.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
