namespace Xtmp.Cli.Tests.Schema;

public sealed class VerbTests
{
    private const string Good = "protocol: orders\nnamespace: Shop\nversion: 1\ndoc: Orders.\nstructs:\n  Order:\n    doc: An order.\n    fields:\n      - { id: 0, name: number, type: u64, doc: Its number. }\n";

    [Theory]
    [InlineData("lint")]
    [InlineData("breaking")]
    [InlineData("docs")]
    [InlineData("vectors")]
    [InlineData("json-schema")]
    [InlineData("new")]
    [InlineData("explain")]
    public void help_shows_an_example(string verb)
    {
        var (exitCode, output, _) = Tool.Run("schema", verb, "--help");
        Assert.Equal(0, exitCode);
        Assert.Contains($"Example: xtmp schema {verb}", output);
    }

    [Theory]
    [InlineData("Required argument", "schema", "lint")]
    [InlineData("--agianst", "schema", "breaking", "a.yaml", "--agianst", "b.lock")]
    [InlineData("frobnicate", "schema", "frobnicate")]
    [InlineData("Sometimes", "schema", "breaking", "a.yaml", "--fail-on", "Sometimes")]
    [InlineData("Required argument", "schema", "new")]
    public void wrong_usage_says_what_is_wrong(string mention, params string[] args)
    {
        var (exitCode, output, error) = Tool.Run(args);
        Assert.Equal(2, exitCode);
        Assert.Contains(mention, output + error);
    }

    [Theory]
    [InlineData("lint")]
    [InlineData("docs")]
    [InlineData("vectors")]
    [InlineData("breaking")]
    public void a_file_that_is_not_there_is_named(string verb)
    {
        using ScratchFolder scratch = new();
        var (exitCode, _, error) = Tool.Run("schema", verb, scratch.File("missing.yaml"));
        Assert.Equal(2, exitCode);
        Assert.Contains("missing.yaml: cannot be read", error);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Theory]
    [InlineData("lint")]
    [InlineData("docs")]
    [InlineData("vectors")]
    [InlineData("breaking")]
    public void a_schema_with_errors_is_refused_at_its_place(string verb)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("bad.yaml", Good.Replace("u64", "u65", StringComparison.Ordinal));
        string[] args = verb is "docs" or "vectors" ? ["schema", verb, path, "--out", scratch.File("out")] : ["schema", verb, path];
        var (exitCode, _, error) = Tool.Run(args);
        Assert.Equal(1, exitCode);
        Assert.Equal($"{path.Replace('\\', '/')}:9:38: error XTMP030: There is no type 'u65'. Did you mean 'u64'?\n", error);
        Assert.False(Directory.Exists(scratch.File("out")));
    }

    [Fact]
    public void lint_names_what_could_be_better_at_its_place()
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("orders.yaml", Good.Replace(", doc: Its number.", "", StringComparison.Ordinal)
            + "      - { id: 1, name: is_open, type: bool, doc: Open. }\n      - { id: 2, name: note, type: string, doc: Note. }\n");
        var (exitCode, output, _) = Tool.Run("schema", "lint", path);
        Assert.Equal(1, exitCode);
        Assert.Contains("orders.yaml:9:24: LINT01: 'number' has no doc.", output);
        Assert.Contains("orders.yaml:10:24: LINT04:", output);
        Assert.Contains("orders.yaml:11:24: LINT02:", output);
        Assert.Equal(3, output.Count(c => c == '\n'));
    }

    [Fact]
    public void lint_reads_imports_from_the_folder()
    {
        using ScratchFolder scratch = new();
        scratch.Write("orders.yaml", Good);
        string path = scratch.Write("shop.yaml", "protocol: shop\nnamespace: Shop\nversion: 1\nimports: [orders.yaml]\nstructs:\n  Cart:\n    doc: A cart.\n    fields:\n      - { id: 0, name: orders, type: list<Order>, max: 9, doc: Orders. }\n");
        var (exitCode, output, error) = Tool.Run("schema", "lint", path);
        Assert.Equal("", output + error);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public void new_writes_a_schema_without_findings_and_never_over_another()
    {
        using ScratchFolder scratch = new();
        string path = scratch.File("orders.yaml");
        Assert.Equal(0, Tool.Run("schema", "new", "orders", "--namespace", "Shop.Orders", "--out", path).ExitCode);
        var (exitCode, output, error) = Tool.Run("schema", "lint", path);
        Assert.Equal("", output + error);
        Assert.Equal(0, exitCode);
        Assert.Contains("namespace: Shop.Orders\n", File.ReadAllText(path));
        Assert.StartsWith("# yaml-language-server: $schema=./schema.json\n", File.ReadAllText(path), StringComparison.Ordinal);
        var again = Tool.Run("schema", "new", "orders", "--out", path);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("exists already", again.Error);
    }

    [Fact]
    public void new_refuses_a_name_that_is_none()
    {
        var (exitCode, output, error) = Tool.Run("schema", "new", "My Orders", "--out", "-");
        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void docs_and_vectors_notice_what_is_stale()
    {
        using ScratchFolder scratch = new();
        string path = scratch.File("orders.yaml");
        Assert.Equal(0, Tool.Run("schema", "new", "orders", "--out", path).ExitCode);
        foreach (string verb in new[] { "docs", "vectors" })
        {
            string folder = scratch.File(verb);
            string[] args = ["schema", verb, path, "--out", folder];
            Assert.Equal(1, Tool.Run([.. args, "--check"]).ExitCode);
            Assert.Equal(0, Tool.Run(args).ExitCode);
            Assert.Equal(0, Tool.Run([.. args, "--check"]).ExitCode);
            string first = Directory.GetFiles(folder)[0];
            File.AppendAllText(first, " ");
            var stale = Tool.Run([.. args, "--check"]);
            Assert.Equal(1, stale.ExitCode);
            Assert.Contains("stale", stale.Error);
        }
    }

    [Fact]
    public void breaking_accepts_only_when_told()
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("orders.yaml", Good);
        string accepted = scratch.File("wire.lock");
        Assert.Equal(2, Tool.Run("schema", "breaking", path, "--against", accepted).ExitCode);
        Assert.Equal(0, Tool.Run("schema", "breaking", path, "--against", accepted, "--accept").ExitCode);
        Assert.Equal(0, Tool.Run("schema", "breaking", path, "--against", accepted).ExitCode);
        File.WriteAllText(path, Good.Replace("name: number", "name: serial", StringComparison.Ordinal));
        var renamed = Tool.Run("schema", "breaking", path, "--against", accepted);
        Assert.Equal(1, renamed.ExitCode);
        Assert.Contains("JSON: structs.Order.number: is now called 'serial'.", renamed.Output);
        Assert.Equal(0, Tool.Run("schema", "breaking", path, "--against", accepted, "--fail-on", "Wire").ExitCode);
        File.WriteAllText(path, Good.Replace("u64", "u32", StringComparison.Ordinal));
        var narrowed = Tool.Run("schema", "breaking", path, "--against", accepted, "--fail-on", "Wire");
        Assert.Equal(1, narrowed.ExitCode);
        Assert.Contains($"{path.Replace('\\', '/')}:9:24: WIRE: structs.Order.number: was u64, is u32.", narrowed.Output);
    }

    [Fact]
    public void breaking_compares_with_an_older_schema_too()
    {
        using ScratchFolder scratch = new();
        string older = scratch.Write("older.yaml", Good);
        string newer = scratch.Write("newer.yaml", Good.Replace("name: number", "name: serial", StringComparison.Ordinal));
        var (exitCode, output, _) = Tool.Run("schema", "breaking", newer, "--against", older);
        Assert.Equal(1, exitCode);
        Assert.Contains("JSON: ", output);
        Assert.Equal(2, Tool.Run("schema", "breaking", newer, "--against", older, "--accept").ExitCode);
    }

    [Theory]
    [InlineData("not a lock file\n")]
    [InlineData("xtmp-schema 1\nprotocol orders\nstruct Order\n  0 number u65\n")]
    [InlineData("xtmp-schema 1\nprotocol orders\nxtmp-schema 1\nprotocol orders\n")]
    public void breaking_refuses_a_damaged_lock_file(string text)
    {
        using ScratchFolder scratch = new();
        string path = scratch.Write("orders.yaml", Good);
        string accepted = scratch.Write("wire.lock", text);
        var (exitCode, _, error) = Tool.Run("schema", "breaking", path, "--against", accepted);
        Assert.Equal(2, exitCode);
        Assert.Contains("wire.lock: ", error);
    }
}
