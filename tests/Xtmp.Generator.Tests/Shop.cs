namespace Xtmp.Generator.Tests;

/// <summary>The schema most tests of the generator use.</summary>
internal static class Shop
{
    public const string Path = "shop.yaml";

    public static string Text { get; } = File.ReadAllText(System.IO.Path.Combine(Repository.Root, "tests", "Xtmp.Generator.Tests", Path)).Replace("\r", "", StringComparison.Ordinal);

    public static GeneratorRun Generate() => new GeneratorRun().With(Path, Text);
}
