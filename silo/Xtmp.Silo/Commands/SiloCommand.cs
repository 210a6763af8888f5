using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>The command line of the silo process.</summary>
internal static class SiloCommand
{
    private const string Description =
        """
        Runs an XTMP silo: a socket gateway and grains on a SQLite store in one process.

        Example:
          dotnet run --project silo/Xtmp.Silo -- --data ./data --port 7778

        Ctrl-C (or SIGTERM) drains: no new connections, calls in flight finish, state is written, exit code 0.
        Exit codes: 0 stopped as asked, 1 could not start or run, 2 wrong arguments.
        """;

    public static RootCommand Create()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "Directory of the database and the silo's identity; made when missing.", DefaultValueFactory = _ => new DirectoryInfo("data") };
        var port = new Option<int>("--port") { Description = "TCP port of the socket gateway; 0 takes a free one.", DefaultValueFactory = _ => SiloOptions.DefaultPort };
        var bind = new Option<IPAddress>("--bind") { Description = "Address to listen on. The default is this machine only.", DefaultValueFactory = _ => IPAddress.Loopback, CustomParser = ParseAddress };
        var clientAuthentication = new Option<ClientAuthentication>("--client-auth") { Description = "Whether clients prove an identity in the handshake.", DefaultValueFactory = _ => ClientAuthentication.Optional };
        var allow = new Option<Fingerprint[]>("--allow-client") { Description = "Fingerprint (64 hex digits) of a client identity to let in; repeat for more. With none, any identity is let in.", CustomParser = ParseFingerprints, DefaultValueFactory = _ => [] };
        var openingBalance = new Option<long>("--opening-balance") { Description = "Minor units issued to each newly registered wallet.", DefaultValueFactory = _ => 0 };
        var development = new Option<bool>("--development") { Description = "Allow what only a silo for trying things out may do: issue money to anybody who comes." };
        var currency = new Option<string>("--currency") { Description = "Currency of this silo's wallets, three to eight capital letters.", DefaultValueFactory = _ => "XTM" };
        var network = new Option<string>("--network") { Description = "Name of the network whose signatures count here. With none, the silo is a network of its own, named by its fingerprint.", DefaultValueFactory = _ => "" };
        var cluster = new Option<string?>("--cluster") { Description = "PostgreSQL database that the silos of a cluster share, for example \"Host=db;Database=xtmp;Username=silo;Passfile=/etc/xtmp/pgpass\". With none, the silo is alone, on a SQLite file." };
        var siloEndPoint = new Option<IPEndPoint>("--silo-endpoint") { Description = "With --cluster: the address and port where the other silos reach this one.", DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 11111), CustomParser = ParseEndPoint };
        var clientPort = new Option<int>("--orleans-client-port") { Description = "With --cluster: port at the address of --silo-endpoint for programs of yours that call grains over an Orleans client; 0: none.", DefaultValueFactory = _ => 0 };
        var plainSiloTraffic = new Option<bool>("--plain-silo-traffic") { Description = "With --cluster: let silos talk to each other in the clear, without the keys of xtmp-silo cluster join; for networks that nobody else is on." };
        var noDatagrams = new Option<bool>("--no-datagrams") { Description = "Take no UDP beside TCP." };
        var datagramEndPoint = new Option<string?>("--datagram-endpoint") { Description = "Where clients are told to send datagrams, as host:port, for a silo behind address translation." };
        var webSocket = new Option<IPEndPoint?>("--websocket") { Description = "Address and port of the WebSocket gateway (ws://ADDRESS:PORT/xtmp), for example 0.0.0.0:7780. With none, there is no such gateway.", CustomParser = ParseWebSocket };
        var webSocketOrigin = new Option<string[]>("--websocket-origin") { Description = "Origin, such as https://app.example.org, whose pages may open WebSockets here; repeat for more. Programs need none.", DefaultValueFactory = _ => [] };
        var admin = new Option<IPEndPoint?>("--admin") { Description = "Loopback address and port of /healthz, /readyz and /metrics over HTTP, for example 127.0.0.1:7779. With none, there is no such port.", CustomParser = ParseAdmin };
        var logLevel = new Option<LogLevel>("--log-level") { Description = "Least severe log lines to print.", DefaultValueFactory = _ => LogLevel.Information };

        port.Validators.Add(result => Check(result, port, value => value is >= 0 and <= 65535, "--port takes a number from 0 to 65535."));
        clientPort.Validators.Add(result => Check(result, clientPort, value => value is >= 0 and <= 65535, "--orleans-client-port takes a number from 0 to 65535."));
        openingBalance.Validators.Add(result => Check(result, openingBalance, value => value >= 0, "--opening-balance takes zero or more minor units."));
        currency.Validators.Add(result => Check(result, currency, value => value is { Length: >= 3 and <= 8 } && value.All(char.IsAsciiLetterUpper), "--currency takes three to eight capital letters, for example XTM."));

        var root = new RootCommand(Description) { data, port, bind, clientAuthentication, allow, openingBalance, development, currency, network, cluster, siloEndPoint, clientPort, plainSiloTraffic, noDatagrams, datagramEndPoint, webSocket, webSocketOrigin, admin, logLevel };
        root.Validators.Add(result =>
        {
            // A value that is no number is reported by the parser, and cannot be asked for.
            if (long.TryParse(result.GetResult(openingBalance)?.Tokens is [{ Value: var balance }] ? balance : "0", out var opening) && opening > 0 && !result.GetValue(development) && result.GetResult(allow) is not { Tokens.Count: > 0 })
            {
                result.AddError("--opening-balance gives money to every wallet that registers: name the clients that are let in with --allow-client, or say --development.");
            }
        });
        root.Validators.Add(result =>
        {
            if (result.GetValue(cluster) is not null && string.IsNullOrEmpty(result.GetValue(network)))
            {
                result.AddError("--cluster needs --network: the silos of a cluster are one network, and it needs a name.");
            }
        });
        root.Subcommands.Add(ClusterCommand.Create());
        root.SetAction((parsed, cancellationToken) => RunAsync(
            silo =>
            {
                silo.DataDirectory = parsed.GetValue(data)!.FullName;
                silo.Port = parsed.GetValue(port);
                silo.Cluster = parsed.GetValue(cluster) is { } database
                    ? new ClusterSettings { ConnectionString = database, EndPoint = parsed.GetValue(siloEndPoint)!, ClientPort = parsed.GetValue(clientPort), AllowPlainTraffic = parsed.GetValue(plainSiloTraffic) }
                    : null;
                silo.Datagrams = !parsed.GetValue(noDatagrams);
                silo.DatagramEndpoint = parsed.GetValue(datagramEndPoint);
                silo.WebSocket = parsed.GetValue(webSocket);
                silo.Gateway = silo.Gateway with { WebSocketOrigins = parsed.GetValue(webSocketOrigin)! };
                silo.Admin = parsed.GetValue(admin);
                silo.Bind = parsed.GetValue(bind)!;
                silo.ClientAuthentication = parsed.GetValue(clientAuthentication);
                silo.AllowedClients = parsed.GetValue(allow)!;
                silo.Grains = new GrainOptions { OpeningBalance = (ulong)parsed.GetValue(openingBalance), Currency = parsed.GetValue(currency)!, Network = parsed.GetValue(network)! };
            },
            parsed.GetValue(logLevel),
            cancellationToken));
        return root;
    }

    private static async Task<int> RunAsync(Action<SiloOptions> configure, LogLevel logLevel, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        AddConsole(builder.Logging, logLevel);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);

        // The silo drains within its own time.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.Services.AddXtmpSilo(configure);
        using var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch (OptionsValidationException mistakes)
        {
            foreach (var mistake in mistakes.Failures)
            {
                Console.Error.WriteLine($"xtmp-silo: {mistake}");
            }

            return 2;
        }
        catch (XtmpException error)
        {
            Console.Error.WriteLine($"xtmp-silo: {error.Message}");
            return 1;
        }

        var silo = host.Services.GetRequiredService<XtmpSilo>();
        Console.Out.WriteLine($"listening on xtmp://{silo.EndPoint}");
        Console.Out.WriteLine($"fingerprint {silo.Fingerprint}");
        if (silo.WebSocketEndPoint is { } webSocket)
        {
            Console.Out.WriteLine($"websocket on ws://{webSocket}{WebSocketLink.Path}");
        }

        if (silo.AdminEndPoint is { } admin)
        {
            Console.Out.WriteLine($"admin on http://{admin}");
        }

        await host.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    private static void AddConsole(ILoggingBuilder logging, LogLevel logLevel) => logging
        .SetMinimumLevel(logLevel)
        .AddFilter("Microsoft", logLevel > LogLevel.Warning ? logLevel : LogLevel.Warning)

        // A start that failed is told by one line of ours.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)

        // Orleans' advice about server GC, its watchdog's first line, and the coming and going of its services are no news to an operator.
        .AddFilter("Orleans.Runtime.Silo", logLevel > LogLevel.Error ? logLevel : LogLevel.Error)
        .AddFilter("Orleans.Runtime.Watchdog", logLevel > LogLevel.Error ? logLevel : LogLevel.Error)
        .AddFilter("Xtmp.Runtime.TopicService", logLevel > LogLevel.Warning ? logLevel : LogLevel.Warning)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });

    private static void Check<T>(OptionResult result, Option<T> option, Func<T?, bool> holds, string message)
    {
        T? value;
        try
        {
            value = result.GetValue(option);
        }
        catch (InvalidOperationException)
        {
            // Not even of the option's type, which the parser reports itself.
            return;
        }

        if (!holds(value))
        {
            result.AddError(message);
        }
    }

    private static IPAddress? ParseAddress(ArgumentResult result)
    {
        if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
        {
            return address;
        }

        result.AddError($"--bind takes an IP address such as 127.0.0.1 or [::], not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (IPEndPoint.TryParse(result.Tokens[0].Value, out var endPoint) && endPoint.Port != 0)
        {
            return endPoint;
        }

        result.AddError($"--silo-endpoint takes an IP address and a port such as 10.0.0.5:11111, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static IPEndPoint? ParseWebSocket(ArgumentResult result)
    {
        if (IPEndPoint.TryParse(result.Tokens[0].Value, out var endPoint))
        {
            return endPoint;
        }

        result.AddError($"--websocket takes an IP address and a port such as 0.0.0.0:7780, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static IPEndPoint? ParseAdmin(ArgumentResult result)
    {
        if (IPEndPoint.TryParse(result.Tokens[0].Value, out var endPoint) && IPAddress.IsLoopback(endPoint.Address))
        {
            return endPoint;
        }

        result.AddError($"--admin takes a loopback address and a port such as 127.0.0.1:7779, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static Fingerprint[] ParseFingerprints(ArgumentResult result)
    {
        var fingerprints = new List<Fingerprint>();
        foreach (var token in result.Tokens)
        {
            if (Fingerprint.TryParse(token.Value, out var fingerprint))
            {
                fingerprints.Add(fingerprint);
            }
            else
            {
                result.AddError($"--allow-client takes a fingerprint of 64 hex digits, not '{token.Value}'.");
            }
        }

        return [.. fingerprints];
    }
}
