using System.CommandLine;
using System.Text.Json.Nodes;
using Xtmp.Cli.Calls;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Cli.Silos;

/// <summary><c>xtmp watch bundle-updates|wallet-updates|events|metrics</c></summary>
public static class WatchCommand
{
    public static Command Create()
    {
        Option<ulong?> after = new("--after") { Description = "Sequence of the last update seen: go on behind it." };
        Argument<string> bundle = new("bundle") { Description = "Id of the bundle." };
        Option<WhenSlow> whenSlow = Arguments.OneOf("--when-slow", "What the silo drops where this end reads too slowly: dropoldest, dropnewest, keeplatest, or disconnect.", WhenSlow.DropOldest);
        Argument<string> events = new("topic") { Description = "Topic of the events.", DefaultValueFactory = _ => "events:silo" };
        Option<EventSeverity> severity = Arguments.OneOf("--severity", "Least severe events to show.", EventSeverity.Info);
        Argument<string> metrics = new("topic") { Description = "Topic of the metrics.", DefaultValueFactory = _ => "metrics:silo" };
        Option<int> interval = Arguments.Whole("--interval", "Milliseconds between measurements.", 1000, 100, 3_600_000);
        return new Command("watch", """
            Follows a stream of a silo until Ctrl-C. A lost connection is made again, and the stream goes on behind the last
            item; what was missed shows as a gap.
            """)
        {
            Follow("bundle-updates", "Example: xtmp watch bundle-updates b1 --identity node.pem", "Follows what happens to a bundle, from its first step.", [bundle], [after, whenSlow], (connection, _, parsed, token) =>
                connection.Stream.UpdatesAsync(new LiveUpdates { Topic = $"bundle:{parsed.GetValue(bundle)}", StreamType = StreamType.BundleUpdates, After = parsed.GetValue(after), WhenSlow = parsed.GetValue(whenSlow) }, token)),
            Follow("wallet-updates", "Example: xtmp watch wallet-updates --identity me.pem", "Follows the balance of the wallet of --identity.", [], [], (connection, identity, _, token) =>
                new XtmpWallet(connection, identity ?? throw new FormatException("A wallet's updates need --identity: they are for its owner.")).UpdatesAsync(token)),
            Follow("events", "Example: xtmp watch events --severity warning --identity operator.pem", "Follows the events of a silo.", [events], [severity, whenSlow], (connection, _, parsed, token) =>
                connection.Stream.EventsAsync(new EventStream { Topic = parsed.GetValue(events)!, MinimumSeverity = parsed.GetValue(severity), WhenSlow = parsed.GetValue(whenSlow) }, token)),
            Follow("metrics", "Example: xtmp watch metrics --interval 5000 --json --identity operator.pem", "Follows the measurements of a silo.", [metrics], [interval], (connection, _, parsed, token) =>
                connection.Stream.MetricsAsync(new MetricsStream { Topic = parsed.GetValue(metrics)!, Interval = TimeSpan.FromMilliseconds(parsed.GetValue(interval)) }, token)),
        };
    }

    private static Command Follow(
        string name, string example, string description, Argument[] arguments, Option[] options, Func<XtmpConnection, IdentityKey?, ParseResult, CancellationToken, IAsyncEnumerable<IXtmpMessage>> open)
    {
        Option<int> count = Arguments.Whole("--count", "End after so many items; 0: never.", 0, 0, int.MaxValue);
        ServerOptions server = new() { EndsByInterrupt = true };
        Command command = new(name, $"{description}\n\n{example}");
        foreach (Argument argument in arguments)
        {
            command.Arguments.Add(argument);
        }

        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        command.Options.Add(count);
        server.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            Terminal terminal = server.TerminalOf(parsed);
            return server.UseAsync(parsed, o => o, cancellationToken, async (connection, identity) =>
            {
                connection.StateChanged += change => Tell(terminal, change);
                int left = parsed.GetValue(count);
                await foreach (IXtmpMessage item in open(connection, identity, parsed, cancellationToken))
                {
                    Show(terminal, item);
                    if (--left == 0)
                    {
                        return;
                    }
                }
            });
        });
        return command;
    }

    private static void Tell(Terminal terminal, XtmpStateChange change)
    {
        if (change is { Current: XtmpConnectionState.Reconnecting or XtmpConnectionState.Connected, Previous: not XtmpConnectionState.Connecting } && !terminal.IsJson)
        {
            terminal.Error($"{change.Current.ToString().ToLowerInvariant()}{(change.Reason is { } reason ? $": {reason.Message}" : "")}");
        }
    }

    private static void Show(Terminal terminal, IXtmpMessage item)
    {
        JsonObject json = JsonNode.Parse(item.ToJson())!.AsObject();
        if (terminal.IsJson)
        {
            terminal.Json(json);
            return;
        }

        json.Remove("topic");
        string? at = (string?)json["at"];
        string? sequence = json["sequence"]?.ToString();
        json.Remove("at");
        json.Remove("sequence");
        terminal.Line($"{at}  #{sequence}  {json.ToJsonString()}");
    }
}
