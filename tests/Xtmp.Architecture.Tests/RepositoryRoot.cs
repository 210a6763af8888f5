namespace Xtmp.Architecture.Tests;

/// <summary>The checked-out tree the tests were built from.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    /// <summary>Files git would track, as paths relative to the root with forward slashes.</summary>
    public static IEnumerable<string> SourceFiles(params string[] extensions) =>
        Directory.EnumerateFiles(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(file => System.IO.Path.GetRelativePath(Path, file).Replace('\\', '/'))
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
