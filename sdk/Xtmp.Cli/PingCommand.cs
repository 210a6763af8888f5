using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xtmp.Cli.Calls;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Cli;

/// <summary><c>xtmp ping</c></summary>
public static class PingCommand
{
    private const string NobodysName = "ping.invalid";

    public static Command Create()
    {
        Option<int> count = Arguments.Whole("--count", "Round trips.", 4, 1, 100_000);
        Option<bool> json = new("--json") { Description = "Print a JSON object a line." };
        ServerOptions server = new();
        Command command = new("ping", """
            Opens a session with a silo and measures round trips of a small request (a lookup of a name that nobody has), each
            through the gateway to a grain and back.

            Example: xtmp ping --endpoint xtmp://localhost:7778 --fingerprint 6f3a…
            """);
        command.Options.Add(count);
        command.Options.Add(json);
        server.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            long connecting = Stopwatch.GetTimestamp();
            return server.UseAsync(parsed, cancellationToken, async client =>
            {
                double connected = Stopwatch.GetElapsedTime(connecting).TotalMilliseconds;
                bool asJson = parsed.GetValue(json);
                string fingerprint = client.Session!.ServerFingerprint.ToString();
                output.WriteLine(asJson
                    ? new JsonObject { ["endpoint"] = client.Endpoint!.ToString(), ["fingerprint"] = fingerprint, ["session_ms"] = Math.Round(connected, 3) }.ToJsonString()
                    : string.Create(CultureInfo.InvariantCulture, $"session with {client.Endpoint!} in {connected:0.00} ms, fingerprint {fingerprint}"));
                for (int i = 1; i <= parsed.GetValue(count); i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    try
                    {
                        await client.Registry.QueryAsync(new RegistryQuery { Name = NobodysName }, cancellationToken);
                    }
                    catch (XtmpException e) when (e.Code == XtmpErrorCode.NotFound)
                    {
                        // The answer that is expected.
                    }

                    double trip = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    output.WriteLine(asJson
                        ? new JsonObject { ["round_trip"] = i, ["ms"] = Math.Round(trip, 3) }.ToJsonString()
                        : string.Create(CultureInfo.InvariantCulture, $"{i}: {trip:0.000} ms"));
                }
            });
        });
        return command;
    }
}
