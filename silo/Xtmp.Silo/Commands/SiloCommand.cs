using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Microsoft.Extensions.Logging;
using Xtmp.Crypto;
using Xtmp.Runtime;
using Xtmp.Session;

namespace Xtmp.Silo;

/// <summary>The command line of the silo process.</summary>
internal static class SiloCommand
{
    private const string Description =
        """
        Runs an XTMP silo: a gateway and grains on a SQLite store in one process.

        What the command line leaves open comes from the environment (XTMP_SERVER__BIND_ADDRESS), then from the file of --config,
        or else xtmp.toml and appsettings.json in the working directory, then from the defaults. Every key: silo/docs/operate.md.

        Examples:
          xtmp-silo --data ./data --port 7778
          xtmp-silo --config /etc/xtmp/xtmp.toml
          xtmp-silo config check --config /etc/xtmp/xtmp.toml
          xtmp-silo --data ./data --admin 127.0.0.1:7779          dashboard on http://127.0.0.1:7779/
          xtmp-silo backup --data ./data --to grains-backup.db    while it runs
          xtmp-silo audit verify ./data/audit.log

        Ctrl-C (or SIGTERM) drains: no new connections, calls in flight finish, state is written, exit code 0. SIGHUP reads the
        configuration again. Exit codes: 0 stopped as asked, 1 could not start or run, 2 wrong arguments or configuration.
        """;

    public static RootCommand Create()
    {
        var config = new Option<FileInfo?>("--config") { Description = "Configuration file, TOML or JSON.", Recursive = true };
        var data = new Option<DirectoryInfo?>("--data") { Description = "Directory of the database and the silo's identity; made when missing. Default: data." };
        var port = new Option<int>("--port") { Description = $"TCP port of the gateway; 0 takes a free one. Default: {SiloOptions.DefaultPort}." };
        var bind = new Option<IPAddress>("--bind") { Description = "Address to listen on. Default: this machine only.", CustomParser = ParseAddress };
        var clientAuthentication = new Option<ClientAuthentication>("--client-auth") { Description = "Whether clients prove an identity in the handshake. Default: Optional." };
        var allow = new Option<Fingerprint[]>("--allow-client") { Description = "Fingerprint (64 hex digits) of a client identity to let in; repeat for more. With none, any identity is let in.", CustomParser = ParseFingerprints };
        var openingBalance = new Option<long>("--opening-balance") { Description = "Minor units issued to each newly registered wallet." };
        var development = new Option<bool>("--development") { Description = "Allow what only a silo for trying things out may do: issue money to anybody who comes." };
        var currency = new Option<string>("--currency") { Description = "Currency of this silo's wallets, three to eight capital letters. Default: XTM." };
        var network = new Option<string>("--network") { Description = "Name of the network whose signatures count here. With none, the silo is a network of its own, named by its fingerprint." };
        var cluster = new Option<string?>("--cluster") { Description = "PostgreSQL database that the silos of a cluster share, for example \"Host=db;Database=xtmp;Username=silo;Passfile=/etc/xtmp/pgpass\". With none, the silo is alone, on a SQLite file." };
        var siloEndPoint = new Option<IPEndPoint>("--silo-endpoint") { Description = "With --cluster: the address and port where the other silos reach this one. Default: 127.0.0.1:11111.", CustomParser = ParseEndPoint };
        var clientPort = new Option<int>("--orleans-client-port") { Description = "With --cluster: port at the address of --silo-endpoint for programs of yours that call grains over an Orleans client. Default: none." };
        var plainSiloTraffic = new Option<bool>("--plain-silo-traffic") { Description = "With --cluster: let silos talk to each other in the clear, without the keys of xtmp-silo cluster join; for networks that nobody else is on." };
        var noDatagrams = new Option<bool>("--no-datagrams") { Description = "Take no UDP beside TCP." };
        var datagramEndPoint = new Option<string?>("--datagram-endpoint") { Description = "Where clients are told to send datagrams, as host:port, for a silo behind address translation." };
        var webSocket = new Option<IPEndPoint?>("--websocket") { Description = "Address and port of the WebSocket gateway (ws://ADDRESS:PORT/xtmp), for example 0.0.0.0:7780. Default: none.", CustomParser = ParseWebSocket };
        var webSocketOrigin = new Option<string[]>("--websocket-origin") { Description = "Origin, such as https://app.example.org, whose pages may open WebSockets here; repeat for more. Programs need none." };
        var admin = new Option<IPEndPoint?>("--admin") { Description = "Loopback address and port of health, metrics and the dashboard over HTTP, for example 127.0.0.1:7779. Default: none.", CustomParser = ParseAdmin };
        var logLevel = new Option<LogLevel>("--log-level") { Description = "Least severe log lines to print. Default: Information." };

        port.Validators.Add(result => Check(result, port, value => value is >= 0 and <= 65535, "--port takes a number from 0 to 65535."));
        clientPort.Validators.Add(result => Check(result, clientPort, value => value is >= 0 and <= 65535, "--orleans-client-port takes a number from 0 to 65535."));
        openingBalance.Validators.Add(result => Check(result, openingBalance, value => value >= 0, "--opening-balance takes zero or more minor units."));
        currency.Validators.Add(result => Check(result, currency, value => value is { Length: >= 3 and <= 8 } && value.All(char.IsAsciiLetterUpper), "--currency takes three to eight capital letters, for example XTM."));

        var root = new RootCommand(Description) { config, data, port, bind, clientAuthentication, allow, openingBalance, development, currency, network, cluster, siloEndPoint, clientPort, plainSiloTraffic, noDatagrams, datagramEndPoint, webSocket, webSocketOrigin, admin, logLevel };
        root.Subcommands.Add(ClusterCommand.Create());
        root.Subcommands.Add(ConfigCommand.Create(config));
        root.Subcommands.Add(StoreCommands.Backup());
        root.Subcommands.Add(StoreCommands.Restore());
        root.Subcommands.Add(AuditCommand.Create());
        root.SetAction((parsed, cancellationToken) => SiloProcess.RunAsync(
            parsed.GetValue(config),
            silo =>
            {
                Use(data, value => silo.DataDirectory = value!.FullName);
                Use(port, value => silo.Port = value);
                Use(bind, value => silo.Bind = value);
                Use(clientAuthentication, value => silo.ClientAuthentication = value);
                Use(allow, value => silo.AllowedClients = value);
                Use(openingBalance, value => silo.Grains = silo.Grains with { OpeningBalance = (ulong)value });
                Use(development, value => silo.Development = value);
                Use(currency, value => silo.Grains = silo.Grains with { Currency = value });
                Use(network, value => silo.Grains = silo.Grains with { Network = value });
                Use(cluster, value => silo.Cluster = (silo.Cluster ?? new ClusterSettings { EndPoint = new IPEndPoint(IPAddress.Loopback, 11111) }) with { ConnectionString = value! });
                Use(siloEndPoint, value => silo.Cluster = silo.Cluster is { } settings ? settings with { EndPoint = value } : null);
                Use(clientPort, value => silo.Cluster = silo.Cluster is { } settings ? settings with { ClientPort = value } : null);
                Use(plainSiloTraffic, value => silo.Cluster = silo.Cluster is { } settings ? settings with { AllowPlainTraffic = value } : null);
                Use(noDatagrams, value => silo.Datagrams = !value);
                Use(datagramEndPoint, value => silo.DatagramEndpoint = value);
                Use(webSocket, value => silo.WebSocket = value);
                Use(webSocketOrigin, value => silo.Gateway = silo.Gateway with { WebSocketOrigins = value });
                Use(admin, value => silo.Admin = value);

                void Use<T>(Option<T> option, Action<T> set)
                {
                    if (parsed.GetResult(option) is { Implicit: false })
                    {
                        set(parsed.GetValue(option)!);
                    }
                }
            },
            parsed.GetResult(logLevel) is { Implicit: false } ? parsed.GetValue(logLevel) : null,
            cancellationToken));
        return root;
    }

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
        if (ValueText.TryParseEndPoint(result.Tokens[0].Value, needsPort: true, out var endPoint))
        {
            return endPoint;
        }

        result.AddError($"--silo-endpoint takes an IP address and a port such as 10.0.0.5:11111, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static IPEndPoint? ParseWebSocket(ArgumentResult result)
    {
        if (ValueText.TryParseEndPoint(result.Tokens[0].Value, needsPort: false, out var endPoint))
        {
            return endPoint;
        }

        result.AddError($"--websocket takes an IP address and a port such as 0.0.0.0:7780, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static IPEndPoint? ParseAdmin(ArgumentResult result)
    {
        if (ValueText.TryParseEndPoint(result.Tokens[0].Value, needsPort: false, out var endPoint) && IPAddress.IsLoopback(endPoint.Address))
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
