using System.Xml.Linq;

namespace Xtmp.Architecture.Tests;

/// <summary>
/// The walls of the house: who may reference whom, one way. The table is the design's; where a room departs from it,
/// the room's README says why, and the departure stands here with a comment.
/// </summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Walls = new()
    {
        ["Xtmp.Schema"] = [],
        ["Xtmp.Generator"] = ["Xtmp.Schema"],
        ["Xtmp.Protocol"] = [],
        ["Xtmp.Crypto"] = [],

        // A package of its own: nobody gets BouncyCastle who does not ask for it (its README).
        ["Xtmp.Crypto.BouncyCastle"] = ["Xtmp.Crypto"],
        ["Xtmp.Session"] = ["Xtmp.Protocol", "Xtmp.Crypto"],
        ["Xtmp.Transport"] = ["Xtmp.Session"],
        ["Xtmp.Client"] = ["Xtmp.Transport"],
        ["Xtmp.Cli"] = ["Xtmp.Client", "Xtmp.Schema"],
        ["Xtmp.Engine"] = ["Xtmp.Protocol"],

        // Crypto: a wallet grain verifies signatures, which is pure computation (silo/Xtmp.Grains/README.md).
        ["Xtmp.Grains"] = ["Xtmp.Engine", "Xtmp.Crypto"],
        ["Xtmp.Gateway"] = ["Xtmp.Transport", "Xtmp.Engine"],
        ["Xtmp.Silo"] = ["Xtmp.Gateway", "Xtmp.Grains", "Xtmp.Engine"],
    };

    public static TheoryData<string> Rooms() => [.. Walls.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void a_room_references_only_what_its_walls_allow(string room)
    {
        var project = Projects().Single(path => Path.GetFileNameWithoutExtension(path) == room);
        Assert.Equal(Walls[room].Order(), References(project).Order());
    }

    [Fact]
    public void every_project_outside_tests_and_examples_has_walls()
    {
        var rooms = Projects()
            .Where(path => !path.StartsWith("tests/", StringComparison.Ordinal) && !path.StartsWith("examples/", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Equal(Walls.Keys.Order(), rooms.Order());
    }

    [Fact]
    public void the_sans_io_rooms_are_checked_for_banned_symbols()
    {
        foreach (var room in new[] { "Xtmp.Protocol", "Xtmp.Crypto", "Xtmp.Crypto.BouncyCastle", "Xtmp.Session", "Xtmp.Grains" })
        {
            var project = Projects().Single(path => Path.GetFileNameWithoutExtension(path) == room);
            Assert.Contains("true", Load(project).Descendants("SansIo").Select(element => element.Value));
        }
    }

    [Fact]
    public void every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "Xtmp.Sdk.sln")).Replace('\\', '/');
        Assert.All(Projects(), project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() => RepositoryRoot.SourceFiles(".csproj");

    // The generator is an analyzer of the projects that use it: it runs in the compiler and leaves no reference behind.
    private static IEnumerable<string> References(string project) =>
        Load(project).Descendants("ProjectReference")
            .Where(element => element.Attribute("OutputItemType")?.Value != "Analyzer" && element.Attribute("ReferenceOutputAssembly")?.Value != "false")
            .Select(element => Path.GetFileNameWithoutExtension(element.Attribute("Include")!.Value.Replace('\\', '/')));

    private static XDocument Load(string project) => XDocument.Load(Path.Combine(RepositoryRoot.Path, project));
}
