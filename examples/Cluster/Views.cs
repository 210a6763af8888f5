using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Cluster;

/// <summary>Shows the cluster to whoever watches.</summary>
internal interface IView
{
    /// <summary>Something that happened.</summary>
    void Tell(string text);

    void Show(Snapshot snapshot);

    /// <summary>The end: whether everything adds up.</summary>
    void Finish(bool holds, string text);
}

/// <summary>A table that is drawn anew in its place.</summary>
internal sealed class TableView : IView
{
    private readonly Queue<string> _events = new();
    private int _height;

    public void Tell(string text)
    {
        _events.Enqueue(text);
        if (_events.Count > 5)
        {
            _events.Dequeue();
        }

        if (_height == 0)
        {
            AnsiConsole.MarkupLineInterpolated($"[grey]{text}[/]");
        }
    }

    public void Show(Snapshot snapshot)
    {
        var table = new Table().RoundedBorder().Title("[bold]Three silos, one PostgreSQL[/]");
        foreach (var heading in new[] { "silo", "state", "process", "port", "grains", "turns/s", "direct calls" })
        {
            table.AddColumn(heading);
        }

        foreach (var silo in snapshot.Silos)
        {
            var colour = silo.State switch { "serving" => "green", "killed" => "red", _ => "yellow" };
            table.AddRow(
                $"{silo.Number}", $"[{colour}]{silo.State}[/]", $"{silo.ProcessId}", $"{silo.Port}", $"{silo.Grains:F0}", $"{silo.TurnsPerSecond:F0}",
                silo.DirectShare is { } share ? $"{100 * share:F0} %" : "");
        }

        var rows = new Rows(
            table,
            new Markup($"transfers [bold]{snapshot.Transfers}[/]   {snapshot.PerSecond:F0}/s   longest {snapshot.LongestMs:F0} ms   sent again {snapshot.Repeated}"),
            new Markup("[grey]1, 2, 3 kill a silo   q ends[/]"),
            new Rows(_events.Select(line => new Text(line, new Style(Color.Grey)))));
        if (_height > 0)
        {
            AnsiConsole.Cursor.MoveUp(_height);
        }

        _height = 10 + _events.Count;
        AnsiConsole.Write(rows);
    }

    public void Finish(bool holds, string text) => AnsiConsole.MarkupLineInterpolated(holds ? (FormattableString)$"[green]{text}[/]" : $"[red]{text}[/]");
}

/// <summary>A line a second, for output that is no terminal.</summary>
internal sealed class LineView : IView
{
    public void Tell(string text) => Console.WriteLine(text);

    public void Show(Snapshot snapshot) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{snapshot.Seconds,5:F0} s  {string.Join("  ", snapshot.Silos.Select(silo => $"{silo.Number} {silo.State} {silo.Grains:F0} grains"))}  transfers {snapshot.Transfers} ({snapshot.PerSecond:F0}/s, longest {snapshot.LongestMs:F0} ms, sent again {snapshot.Repeated})"));

    public void Finish(bool holds, string text) => Console.WriteLine(text);
}

/// <summary>A JSON object a second, and one at the end.</summary>
internal sealed class JsonView : IView
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public void Tell(string text) => Console.Error.WriteLine(text);

    public void Show(Snapshot snapshot) => Console.WriteLine(JsonSerializer.Serialize(snapshot, Options));

    public void Finish(bool holds, string text) => Console.WriteLine(JsonSerializer.Serialize(new { holds, text }, Options));
}
