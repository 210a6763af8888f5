using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Spectre.Console;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Schema;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Cli.Silos;

/// <summary><c>xtmp bench</c></summary>
public static class BenchCommand
{
    private const string DefaultMethod = "Registry.Query";
    private const string DefaultRequest = """{"name":"bench.invalid"}""";

    public static Command Create()
    {
        MethodArguments call = new(DefaultRequest, DefaultMethod);
        Option<int> sessions = Arguments.Whole("--sessions", "Sessions the calls are spread over.", 1, 1, 64);
        Option<int> inFlight = Arguments.Whole("--in-flight", "Calls under way at one time, over all sessions.", 16, 1, 65_536);
        Option<int> seconds = Arguments.Whole("--seconds", "How long calls are counted.", 5, 1, 86_400);
        Option<int> warmUp = Arguments.Whole("--warm-up", "Seconds of calls before that.", 1, 0, 3600);
        ServerOptions server = new();
        Command command = new("bench", """
            Puts load on a silo and shows how long its answers take. Each call waits for its answer before the next takes its
            place, so that a slow silo gets fewer calls: the figures are of what it answers, not of what it is offered.
            An answer of NotFound counts as an answer; any other error is counted by its code.

            Example: xtmp bench --sessions 4 --in-flight 256 --seconds 10
            Example: xtmp bench Wallet.Balance '{"wallet":"0f9c…"}' --identity me.pem --json
            """);
        call.AddTo(command);
        command.Options.Add(sessions);
        command.Options.Add(inFlight);
        command.Options.Add(seconds);
        command.Options.Add(warmUp);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Terminal terminal = server.TerminalOf(parsed);
            if (await call.ReadAsync(parsed, terminal, cancellationToken) is not { } prepared)
            {
                return ExitCodes.Usage;
            }

            if (prepared.IsStream)
            {
                terminal.Error($"{prepared.Name} is a stream; a load is made of calls with one answer.");
                return ExitCodes.Usage;
            }

            return await server.UseAsync(parsed, options => options with { PoolSize = parsed.GetValue(sessions) }, cancellationToken, async (connection, _) =>
            {
                Load load = new(prepared, connection, parsed.GetValue(inFlight));
                await terminal.WithProgressAsync($"{prepared.Name}, {parsed.GetValue(inFlight)} in flight", progress =>
                    load.RunAsync(TimeSpan.FromSeconds(parsed.GetValue(warmUp)), TimeSpan.FromSeconds(parsed.GetValue(seconds)), progress, cancellationToken));
                Show(terminal, prepared, load);
            });
        });
        return command;
    }

    private static void Show(Terminal terminal, SchemaCall call, Load load)
    {
        double rate = Math.Round(load.Latency.Count / load.Counted.TotalSeconds, 1);
        JsonObject figures = new() { ["method"] = call.Name, ["seconds"] = Math.Round(load.Counted.TotalSeconds, 3), ["calls_per_s"] = rate, ["latency"] = LatencyPicture.Figures(load.Latency) };
        if (load.Errors.Count > 0)
        {
            figures["errors"] = new JsonObject(load.Errors.OrderByDescending(e => e.Value).Select(e => KeyValuePair.Create(e.Key.ToString(), (JsonNode?)e.Value)));
        }

        if (terminal.IsJson)
        {
            terminal.Json(figures);
            return;
        }

        terminal.Line($"{call.Name}: {rate:0.0} calls/s, {load.Latency.Count} in {load.Counted.TotalSeconds:0.0} s");
        Table table = new() { Border = TableBorder.Simple };
        JsonObject latency = figures["latency"]!.AsObject();
        foreach ((string name, JsonNode? _) in latency)
        {
            table.AddColumn(new TableColumn(Markup.Escape(name)).RightAligned());
        }

        table.AddRow([.. latency.Select(figure => new Text(figure.Value!.ToJsonString()))]);
        terminal.Draw(table);
        if (load.Latency.Count > 0)
        {
            terminal.Draw(LatencyPicture.Chart(load.Latency));
        }

        foreach ((XtmpErrorCode code, long count) in load.Errors)
        {
            terminal.Line($"{code}: {count}");
        }
    }

    /// <summary>Calls made in parallel, each worker with figures of its own that are added up at the end.</summary>
    private sealed class Load(SchemaCall call, XtmpConnection connection, int inFlight)
    {
        private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

        private volatile bool _isCounting;
        private volatile bool _isOver;

        public LatencyHistogram Latency { get; } = new();

        public Dictionary<XtmpErrorCode, long> Errors { get; } = [];

        public TimeSpan Counted { get; private set; }

        public async Task RunAsync(TimeSpan warmUp, TimeSpan counted, Action<double> progress, CancellationToken cancellationToken)
        {
            Task[] workers = [.. Enumerable.Range(0, inFlight).Select(_ => Task.Run(() => WorkAsync(cancellationToken), cancellationToken))];
            Task ended = Task.WhenAny(workers).Unwrap();
            long start = Stopwatch.GetTimestamp();
            long counting = 0;
            while (!ended.IsCompleted)
            {
                TimeSpan now = Stopwatch.GetElapsedTime(start);
                if (now >= warmUp && !_isCounting)
                {
                    counting = Stopwatch.GetTimestamp();
                    _isCounting = true;
                }

                if (now >= warmUp + counted)
                {
                    break;
                }

                progress(now / (warmUp + counted));
                await Task.WhenAny(ended, Task.Delay(ProgressInterval, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            Counted = Stopwatch.GetElapsedTime(counting);
            _isOver = true;
            await Task.WhenAll(workers);
        }

        private async Task WorkAsync(CancellationToken cancellationToken)
        {
            LatencyHistogram latency = new();
            Dictionary<XtmpErrorCode, long> errors = [];
            while (!_isOver)
            {
                long start = Stopwatch.GetTimestamp();
                XtmpErrorCode outcome = XtmpErrorCode.None;
                try
                {
                    await call.SendAsync(connection.Invoker, cancellationToken);
                }
                catch (XtmpException e) when (e.Fault != Fault.Local || e.Code == XtmpErrorCode.Overloaded)
                {
                    outcome = e.Code;
                }

                if (!_isCounting || _isOver)
                {
                    continue;
                }

                if (outcome is XtmpErrorCode.None or XtmpErrorCode.NotFound)
                {
                    latency.Record(Stopwatch.GetElapsedTime(start));
                }
                else
                {
                    errors[outcome] = errors.GetValueOrDefault(outcome) + 1;
                }
            }

            lock (Errors)
            {
                Latency.Add(latency);
                foreach ((XtmpErrorCode code, long count) in errors)
                {
                    Errors[code] = Errors.GetValueOrDefault(code) + count;
                }
            }
        }
    }
}
