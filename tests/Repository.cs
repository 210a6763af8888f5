namespace Xtmp;

/// <summary>The checked-out tree that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>A file or folder of it, by its path with forward slashes.</summary>
    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static string Text(string relative) => File.ReadAllText(Path(relative));

    /// <summary>A file of the folder <c>shared</c> beside the repository; skips the test where there is none.</summary>
    public static string Shared(string relative)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(Root, "..", "shared", relative));
        if (!File.Exists(path))
        {
            Assert.Skip($"{relative} is not in the folder 'shared' beside the repository; put it there to run this test.");
        }

        return path;
    }

    /// <summary>Files git would track, as paths relative to the root with forward slashes.</summary>
    public static IEnumerable<string> SourceFiles(params string[] extensions) =>
        Directory.EnumerateFiles(Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(file => System.IO.Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or ".git" or "node_modules" or "TestResults" or "artifacts"))
            .Where(file => extensions.Length == 0 || extensions.Contains(System.IO.Path.GetExtension(file)));

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "Xtmp.Sdk.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run from inside the repository: no Xtmp.Sdk.sln above the test assembly.");
    }
}
