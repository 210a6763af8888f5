using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Xtmp.Gateway;
using Xtmp.Grains;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Silo.Tests.Operations;

/// <summary>The numbers of log events against the page that promises them.</summary>
public sealed partial class EventTableTests
{
    private static readonly Assembly[] Assemblies = [typeof(XtmpSilo).Assembly, typeof(GatewayOptions).Assembly, typeof(GrainOptions).Assembly, typeof(RuntimeOptions).Assembly, typeof(SqliteGrainStore).Assembly];

    private static string Page => Path.Combine(Repository.Root, "silo", "docs", "events.md");

    [Fact]
    public void every_event_has_a_number_of_its_own() => Assert.Empty(
        Events().GroupBy(entry => entry.Id).Where(group => group.Key == 0 || group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(entry => entry.Name))}"));

    /// <summary>Run with XTMP_WRITE_DOCS=1 to add rows for new events. A row that is there is never given to another event.</summary>
    [Fact]
    public void the_page_lists_every_event_and_no_number_is_used_again()
    {
        var rows = Events().OrderBy(entry => entry.Id).ToDictionary(entry => entry.Id, Row);
        var documented = File.ReadLines(Page).Select(line => (Line: line, Match: RowPattern().Match(line))).Where(row => row.Match.Success).ToDictionary(row => int.Parse(row.Match.Groups["id"].Value), row => row.Line);
        if (Environment.GetEnvironmentVariable("XTMP_WRITE_DOCS") == "1")
        {
            Assert.All(rows, row => Assert.True(!documented.TryGetValue(row.Key, out var line) || NameOf(line) == NameOf(row.Value), $"{row.Key} was another event: take a new number."));
            var all = documented.Where(row => !rows.ContainsKey(row.Key)).Concat(rows).OrderBy(row => row.Key).Select(row => row.Value);
            var text = File.ReadAllText(Page);
            var head = text[..text.IndexOf("| number |", StringComparison.Ordinal)];
            File.WriteAllText(Page, $"{head}| number | level | name | audited | message |\n| --- | --- | --- | --- | --- |\n{string.Join('\n', all)}\n");
            documented = rows;
        }

        // A number in the page and not in the code is one that was given up; its row says so and stays.
        Assert.Empty(rows.Where(row => documented.GetValueOrDefault(row.Key) != row.Value).Select(row => row.Value));
        Assert.All(documented.Where(row => !rows.ContainsKey(row.Key)), row => Assert.Contains("| given up |", row.Value, StringComparison.Ordinal));
    }

    [Fact]
    public void what_is_audited_exists() => Assert.Empty(SiloEvents.Audited.Except(Events().Select(entry => entry.Id)));

    private static IEnumerable<(int Id, LogLevel Level, string Name, string Message)> Events() =>
        from assembly in Assemblies
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
        where attribute is not null
        select (attribute.EventId, attribute.Level, method.Name["Log".Length..], attribute.Message);

    private static string Row((int Id, LogLevel Level, string Name, string Message) entry) =>
        $"| {entry.Id} | {entry.Level} | {entry.Name} | {(SiloEvents.Audited.Contains(entry.Id) ? "yes" : "")} | {entry.Message} |";

    private static string NameOf(string row) => row.Split('|')[3].Trim();

    [GeneratedRegex(@"^\| (?<id>\d+) \|")]
    private static partial Regex RowPattern();
}
