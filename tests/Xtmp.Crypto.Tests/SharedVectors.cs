namespace Xtmp.Crypto.Tests;

/// <summary>Finds the vectors that live beside the repository, in the sibling folder <c>shared</c>.</summary>
internal static class SharedVectors
{
    /// <summary>The path of a vector file; skips the test where the folder is absent.</summary>
    public static string Require(string file)
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Xtmp.Sdk.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        string path = Path.GetFullPath(Path.Combine(directory ?? ".", "..", "shared", "vectors", file));
        if (!File.Exists(path))
        {
            Assert.Skip($"{file} is absent: put the vectors into a folder shared/vectors beside the repository.");
        }

        return path;
    }
}
