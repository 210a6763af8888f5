using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Xtmp.Packages.Tests;

/// <summary>The packages as a stranger meets them: in a project outside this tree, with nothing but package references.</summary>
public sealed class PackageTests(PackedPackages packages)
{
    [Fact]
    public void The_sdk_brings_the_generator_and_what_it_loads()
    {
        using var package = ZipFile.OpenRead(Path.Combine(packages.Folder, "Xtmp.Sdk.0.1.0.nupkg"));
        var entries = package.Entries.Select(entry => entry.FullName).ToArray();

        Assert.Contains("analyzers/dotnet/cs/Xtmp.Generator.dll", entries);
        Assert.Contains("analyzers/dotnet/cs/Xtmp.Schema.dll", entries);
        Assert.Contains("analyzers/dotnet/cs/YamlDotNet.dll", entries);
        Assert.Contains("buildTransitive/Xtmp.Sdk.props", entries);
        Assert.Contains("lib/net10.0/Xtmp.Client.dll", entries);
        Assert.Contains("README.md", entries);
        Assert.Contains("CHANGELOG.md", entries);
        Assert.DoesNotContain(entries, entry => entry.StartsWith("lib/", StringComparison.Ordinal) && entry.Contains("Yaml", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_tool_installs_and_checks_the_schema_it_starts_one_with()
    {
        var folder = packages.CreateProject("Tool", "");
        using (var package = ZipFile.OpenRead(Path.Combine(packages.Folder, "Xtmp.Cli.0.1.0.nupkg")))
        {
            Assert.Contains("schema.json", package.Entries.Select(entry => entry.FullName));
        }

        var xtmp = await packages.InstallToolAsync(folder);
        foreach (var arguments in new string[][] { ["schema", "new", "orders"], ["schema", "lint", "."], ["schema", "breaking", "orders.yaml", "--accept"], ["schema", "breaking", "orders.yaml"] })
        {
            var ran = await DotNet.RunProgramAsync(xtmp, folder, arguments);
            Assert.True(ran.ExitCode == 0, string.Join(' ', arguments) + "\n" + ran.Output);
        }
    }

    [Fact]
    public async Task A_strangers_schema_is_generated_served_and_called()
    {
        var folder = packages.CreateProject("Orders", "", "Xtmp.Sdk", "Xtmp.Silo");
        Copy(Path.Combine(Repository.Root, "examples", "CustomMessages"), folder, "*.yaml", "*.cs");

        var built = await DotNet.RunAsync(folder, "build", "-c", "Release", "-v", "quiet", "--nologo");
        Assert.True(built.ExitCode == 0, built.Output);
        var ran = await DotNet.RunAsync(folder, Path.Combine(folder, "bin", "Release", "net10.0", "Orders.dll"));
        Assert.True(ran.ExitCode == 0, ran.Output);
        Assert.Contains("placed: 2980 cents", ran.Output);
        Assert.Contains("order is shipped", ran.Output);
        Assert.Contains("refused: The order was placed before, with other lines. It cost 2980 cents.", ran.Output);
        Assert.EndsWith("done", ran.Output.TrimEnd());

        // A grain class that implements no handler interface is not registered by mistake: it does not compile.
        File.WriteAllText(
            Path.Combine(folder, "Idle.cs"),
            "using Xtmp.Runtime;\nclass IdleGrain : XtmpGrain;\nstatic class Idle { public static void Add(Orleans.Hosting.ISiloBuilder silo) => silo.AddXtmpGrain<IdleGrain>(); }\n");
        var refused = await DotNet.RunAsync(folder, "build", "-c", "Release", "--no-restore", "-v", "quiet", "--nologo");
        Assert.NotEqual(0, refused.ExitCode);
        var error = Assert.Single(refused.Output.Split('\n').Where(line => line.Contains(": error ", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct());
        Assert.Contains("Idle.cs(3,", error);
        Assert.Contains("CS0311", error);
    }

    [Fact]
    public async Task A_stranger_tests_a_grain_of_their_own()
    {
        var folder = packages.CreateProject("Tested", "", "Xtmp.Sdk", "Xtmp.Testing");
        var example = Path.Combine(Repository.Root, "examples", "CustomMessages");
        Copy(example, folder, "*.yaml", "OrderGrain.cs");
        Copy(Path.Combine(Repository.Root, "tests", "Xtmp.Packages.Tests", "Tested"), folder, "*.cs");

        var built = await DotNet.RunAsync(folder, "build", "-c", "Release", "-v", "quiet", "--nologo");
        Assert.True(built.ExitCode == 0, built.Output);
        var ran = await DotNet.RunAsync(folder, Path.Combine(folder, "bin", "Release", "net10.0", "Tested.dll"));
        Assert.True(ran.ExitCode == 0, ran.Output);
        Assert.Contains("refused: placed already for 2500", ran.Output);
        Assert.EndsWith("done", ran.Output.TrimEnd());
    }

    [Fact]
    public async Task A_strangers_program_and_the_tool_work_with_a_running_silo()
    {
        await using var silo = await RunningSilo.StartAsync(packages.CreateFolder("silo"));
        var folder = packages.CreateProject("Stranger", "", "Xtmp.Sdk", "Microsoft.Extensions.Hosting/10.0.0");
        Copy(Path.Combine(Repository.Root, "tests", "Xtmp.Packages.Tests", "Stranger"), folder, "*.cs");
        var built = await DotNet.RunAsync(folder, "build", "-c", "Release", "-v", "quiet", "--nologo");
        Assert.True(built.ExitCode == 0, built.Output);
        var ran = await DotNet.RunAsync(folder, Path.Combine(folder, "bin", "Release", "net10.0", "Stranger.dll"), silo.Endpoint, silo.Fingerprint, "alice.pem");
        Assert.True(ran.ExitCode == 0, ran.Output);
        Assert.Contains("alice has 75000", ran.Output);
        Assert.Contains("healthy: Connected to", ran.Output);

        var xtmp = await packages.InstallToolAsync(folder);
        async Task<string> Xtmp(params string[] arguments)
        {
            var result = await DotNet.RunProgramAsync(xtmp, folder, [.. arguments, "--endpoint", silo.Endpoint, "--fingerprint", silo.Fingerprint, "--json"]);
            Assert.True(result.ExitCode == 0, string.Join(' ', arguments) + "\n" + result.Output);
            return result.Output;
        }

        Assert.Contains(silo.Fingerprint, await Xtmp("ping", "--count", "1"));
        Assert.Contains("\"name\":\"nobody.example\"", await Xtmp("call", "Registry.Query", """{"name":"nobody.example"}"""));
        Assert.Contains("\"balance\":\"75000\"", await Xtmp("watch", "wallet-updates", "--identity", "alice.pem", "--count", "1"));
        Assert.Contains("\"calls_per_s\"", await Xtmp("bench", "--seconds", "1", "--warm-up", "0"));
        var added = await DotNet.RunProgramAsync(xtmp, folder, "trust", "add", silo.Endpoint, silo.Fingerprint, "--file", "hosts");
        Assert.True(added.ExitCode == 0, added.Output);
        var trusted = await DotNet.RunProgramAsync(xtmp, folder, "ping", "--count", "1", "--endpoint", silo.Endpoint, "--known-hosts", "hosts");
        Assert.True(trusted.ExitCode == 0, trusted.Output);
    }

    [Fact]
    public async Task A_mistake_in_a_strangers_schema_is_one_error_at_its_line()
    {
        var folder = packages.CreateProject("Mistake", "", "Xtmp.Sdk");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), "Console.WriteLine();\n");
        File.WriteAllText(
            Path.Combine(folder, "mistake.yaml"),
            "protocol: mistake\nnamespace: Mistake\nversion: 1\nstructs:\n  Thing:\n    doc: A thing.\n    fields:\n      - { id: 0, name: size, type: u33, doc: \"Size.\" }\n");

        var built = await DotNet.RunAsync(folder, "build", "-v", "quiet", "--nologo");

        Assert.NotEqual(0, built.ExitCode);
        var errors = built.Output.Split('\n').Where(line => line.Contains(": error ", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct().ToArray();
        var error = Assert.Single(errors);
        Assert.Contains("mistake.yaml(8,", error);
        Assert.Contains("XTMP030", error);
    }

    [Fact]
    public async Task A_trimmed_program_has_no_warnings_and_runs()
    {
        var folder = packages.CreateProject(
            "Trimmed",
            """
                <PublishTrimmed>true</PublishTrimmed>
                <TrimMode>full</TrimMode>
                <TrimmerSingleWarn>false</TrimmerSingleWarn>
                <InvariantGlobalization>true</InvariantGlobalization>
            """,
            "Xtmp.Sdk");
        Copy(Path.Combine(Repository.Root, "tests", "Xtmp.Packages.Tests", "Trimmed"), folder, "*.cs");
        Copy(Path.Combine(Repository.Root, "tests", "Xtmp.Generator.Tests"), folder, "shop.yaml");
        var published = await DotNet.RunAsync(folder, "publish", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "-o", "out", "-v", "quiet", "--nologo");
        if (published.Output.Contains("NU1101", StringComparison.Ordinal) || published.Output.Contains("NU1102", StringComparison.Ordinal))
        {
            Assert.Skip("The runtime pack of this platform does not restore from the configured sources; add one that has Microsoft.NETCore.App.Runtime and Microsoft.NET.ILLink.Tasks.");
        }

        Assert.True(published.ExitCode == 0, published.Output);
        Assert.DoesNotContain("warning", published.Output, StringComparison.OrdinalIgnoreCase);
        var ran = await DotNet.RunProgramAsync(Path.Combine(folder, "out", "Trimmed"), folder);
        Assert.True(ran.ExitCode == 0, ran.Output);
        Assert.Contains("[redacted]", ran.Output);
    }

    private static void Copy(string from, string to, params string[] patterns)
    {
        foreach (var file in patterns.SelectMany(pattern => Directory.EnumerateFiles(from, pattern)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
