using System.Xml.Linq;

namespace Xtmp.Architecture.Tests;

/// <summary>
/// The dependency rules: which project references which, one way. The table is the design's; where a project departs
/// from it, its README says why, and the departure stands here with a comment.
/// </summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Xtmp.Schema"] = [],
        ["Xtmp.Generator"] = ["Xtmp.Schema"],
        ["Xtmp.Protocol"] = [],
        ["Xtmp.Crypto"] = [],

        // A package of its own: nobody gets BouncyCastle who does not ask for it (its README).
        ["Xtmp.Crypto.BouncyCastle"] = ["Xtmp.Crypto"],
        ["Xtmp.Session"] = ["Xtmp.Protocol", "Xtmp.Crypto"],
        ["Xtmp.Transport"] = ["Xtmp.Session"],
        ["Xtmp.Messages"] = ["Xtmp.Protocol", "Xtmp.Crypto"],
        ["Xtmp.MessagePack"] = ["Xtmp.Protocol"],
        ["BitChat.Peer"] = ["Xtmp.Messages", "Xtmp.Crypto"],

        // Beside the engine, so that nobody gets a simulator who only plays (its README).
        ["BitChat.Simulator"] = ["BitChat.Peer"],

        // The one place where the client and the engine meet: who only calls a silo gets no engine (its README).
        ["BitChat.Client"] = ["BitChat.Peer", "Xtmp.Client"],
        ["Xtmp.Client"] = ["Xtmp.Transport", "Xtmp.Messages"],
        ["Xtmp.Cli"] = ["Xtmp.Client", "Xtmp.Schema", "BitChat.Simulator"],
        ["Xtmp.Storage"] = ["Xtmp.Protocol"],
        ["Xtmp.Runtime"] = ["Xtmp.Storage", "Xtmp.Protocol"],

        ["Xtmp.Testing"] = ["Xtmp.Runtime"],
        ["Xtmp.Grains"] = ["Xtmp.Runtime", "Xtmp.Messages", "Xtmp.Crypto", "BitChat.Peer"],
        ["Xtmp.Gateway"] = ["Xtmp.Transport", "Xtmp.Messages"],
        ["Xtmp.Silo"] = ["Xtmp.Gateway", "Xtmp.Grains", "Xtmp.Runtime"],
    };

    public static TheoryData<string> ProjectNames() => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(ProjectNames))]
    public void a_project_references_exactly_what_the_rules_name(string name)
    {
        var project = Projects().Single(path => Path.GetFileNameWithoutExtension(path) == name);
        Assert.Equal(Allowed[name].Order(), References(project).Order());
    }

    [Fact]
    public void every_project_outside_tests_and_examples_has_a_rule()
    {
        var names = Projects()
            .Where(path => !path.StartsWith("tests/", StringComparison.Ordinal) && !path.StartsWith("examples/", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Equal(Allowed.Keys.Order(), names.Order());
    }

    [Fact]
    public void the_sans_io_projects_are_checked_for_banned_symbols()
    {
        foreach (var name in new[] { "Xtmp.Protocol", "Xtmp.Messages", "Xtmp.Crypto", "Xtmp.Crypto.BouncyCastle", "Xtmp.Session", "Xtmp.Grains", "BitChat.Peer", "BitChat.Simulator" })
        {
            var project = Projects().Single(path => Path.GetFileNameWithoutExtension(path) == name);
            Assert.Contains("true", Load(project).Descendants("SansIo").Select(element => element.Value));
        }
    }

    [Fact]
    public void every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Xtmp.Sdk.sln")).Replace('\\', '/');
        Assert.All(Projects(), project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() => Repository.SourceFiles(".csproj");

    // The generator is an analyzer of the projects that use it: it runs in the compiler and leaves no reference behind.
    private static IEnumerable<string> References(string project) =>
        Load(project).Descendants("ProjectReference")
            .Where(element => element.Attribute("OutputItemType")?.Value != "Analyzer" && element.Attribute("ReferenceOutputAssembly")?.Value != "false")
            .Select(element => Path.GetFileNameWithoutExtension(element.Attribute("Include")!.Value.Replace('\\', '/')));

    private static XDocument Load(string project) => XDocument.Load(Path.Combine(Repository.Root, project));
}
