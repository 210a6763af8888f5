using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Xtmp.Cli.Calls;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Cli.Silos;

/// <summary><c>xtmp ping</c></summary>
public static class PingCommand
{
    private const string NobodysName = "ping.invalid";

    public static Command Create()
    {
        Option<int> count = Arguments.Whole("--count", "Round trips.", 4, 1, 100_000);
        ServerOptions server = new();
        Command command = new("ping", """
            Opens a session with a silo and measures round trips of a small request (a lookup of a name that nobody has), each
            through the gateway to a grain and back.

            Example: xtmp ping --endpoint xtmp://localhost:7778 --fingerprint 6f3a…
            Example: xtmp ping --count 1000 --json
            """);
        command.Options.Add(count);
        server.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            Terminal terminal = server.TerminalOf(parsed);
            long connecting = Stopwatch.GetTimestamp();
            return server.UseAsync(parsed, cancellationToken, async connection =>
            {
                double connected = Math.Round(Stopwatch.GetElapsedTime(connecting).TotalMilliseconds, 3);
                string fingerprint = connection.Session!.ServerFingerprint.ToString();
                if (terminal.IsJson)
                {
                    terminal.Json(new JsonObject { ["endpoint"] = connection.Endpoint!.ToString(), ["fingerprint"] = fingerprint, ["resumed"] = connection.Session.Resumed, ["session_ms"] = connected });
                }
                else
                {
                    terminal.Line($"session with {connection.Endpoint!} in {connected:0.00} ms, fingerprint {fingerprint}");
                }

                LatencyHistogram latency = new();
                for (int i = 1; i <= parsed.GetValue(count); i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    try
                    {
                        await connection.Registry.QueryAsync(new RegistryQuery { Name = NobodysName }, cancellationToken);
                    }
                    catch (XtmpException e) when (e.Code == XtmpErrorCode.NotFound)
                    {
                        // The answer that is expected.
                    }

                    TimeSpan trip = Stopwatch.GetElapsedTime(start);
                    latency.Record(trip);
                    if (terminal.IsJson)
                    {
                        terminal.Json(new JsonObject { ["round_trip"] = i, ["ms"] = Math.Round(trip.TotalMilliseconds, 3) });
                    }
                    else
                    {
                        terminal.Line($"{i}: {trip.TotalMilliseconds:0.000} ms");
                    }
                }

                if (!terminal.IsJson)
                {
                    terminal.Line($"of {latency.Count}: shortest {latency.Min.TotalMilliseconds:0.000} ms, half within {latency.Quantile(0.5).TotalMilliseconds:0.000} ms, longest {latency.Max.TotalMilliseconds:0.000} ms");
                }
            });
        });
        return command;
    }
}
