namespace Xtmp.Protocol.Tests;

/// <summary>Files of the repository, found by walking up from where the tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A file of the folder <c>shared</c> beside the repository; skips the test where there is none.</summary>
    public static string Shared(string relative)
    {
        var path = Path.Combine(Root, "..", "shared", relative);
        if (!File.Exists(path))
        {
            Assert.Skip($"{relative} is not in the folder 'shared' beside the repository; put it there to run this test.");
        }

        return path;
    }

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
