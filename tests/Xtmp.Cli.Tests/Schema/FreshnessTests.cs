using Xtmp.Cli.Schema.Breaking;
using Xtmp.Schema;

namespace Xtmp.Cli.Tests.Schema;

/// <summary>What the tool writes from the shipped schemas is in the repository as it would be written now.</summary>
public sealed class FreshnessTests
{
    private const string Remedy = "Run in the repository: dotnet run --project sdk/Xtmp.Cli -- schema ";

    [Fact]
    public void shipped_schemas_have_no_findings()
    {
        var (exitCode, output, error) = Tool.Run(["schema", "lint", .. ShippedSchemas.Paths]);
        Assert.Equal("", output + error);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public void wire_lock_is_fresh()
    {
        string path = Repository.Path("schema/wire.lock");
        var (exitCode, output, error) = Tool.Run(["schema", "breaking", .. ShippedSchemas.Paths, "--against", path]);
        Assert.True(exitCode == 0, output + error + Remedy + "breaking schema/*.yaml, and --accept where the change is meant");
        LockFile fresh = LockFile.Empty();
        foreach (string schema in ShippedSchemas.Paths)
        {
            fresh.Accept(SchemaReader.Read(schema, File.ReadAllText(schema), _ => null).Model!);
        }

        Assert.True(fresh.Write() == File.ReadAllText(path), "Nothing breaks, but wire.lock lacks what is new. " + Remedy + "breaking schema/*.yaml --accept");
    }

    [Fact]
    public void schema_json_is_fresh() => Check("json-schema", [], "schema/schema.json");

    [Fact]
    public void vectors_are_fresh() => Check("vectors", ShippedSchemas.Paths, "schema/vectors");

    [Fact]
    public void reference_pages_are_fresh() => Check("docs", ShippedSchemas.Paths, "schema/reference");

    [Fact]
    public void nothing_in_the_written_folders_is_left_over()
    {
        foreach ((string verb, string folder, string pattern) in new[] { ("vectors", "schema/vectors", "*.json"), ("docs", "schema/reference", "*.md") })
        {
            using ScratchFolder scratch = new();
            Assert.Equal(0, Tool.Run(["schema", verb, .. ShippedSchemas.Paths, "--out", scratch.Path]).ExitCode);
            Assert.Equal(
                Directory.GetFiles(scratch.Path, pattern).Select(Path.GetFileName).Order(StringComparer.Ordinal),
                Directory.GetFiles(Repository.Path(folder), pattern).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
    }

    private static void Check(string verb, string[] files, string place)
    {
        var (exitCode, _, error) = Tool.Run(["schema", verb, .. files, "--out", Repository.Path(place), "--check"]);
        Assert.True(exitCode == 0, error + Remedy + verb + (files.Length > 0 ? " schema/*.yaml" : ""));
    }
}
