using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;
using static Xtmp.Silo.KeyKinds;

namespace Xtmp.Silo;

/// <summary>Every key of the configuration, in the order in which operate.md lists them.</summary>
internal static partial class ConfigurationKeys
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static IReadOnlyList<ConfigurationKey> All { get; } = [.. Server(), .. Security(), .. Roles(), .. Limits(), .. Rates(), .. Grains(), .. Cluster(), .. Observation()];

    public static IReadOnlyList<string> Sections { get; } = [.. All.Select(key => key.Section).Distinct()];

    private static IEnumerable<ConfigurationKey> Server() =>
    [
        EndPoint("xtmp_server.bind_address", "an IP address and a port, for example \"127.0.0.1:7778\" or \"[::]:7778\"; port 0 takes a free one", false, "\"0.0.0.0:7779\"",
            "Where the gateway listens.", _ => true,
            settings => new IPEndPoint(settings.Silo.Bind, settings.Silo.Port), (settings, value) => (settings.Silo.Bind, settings.Silo.Port) = (value!.Address, value.Port)),
        EndPoint("xtmp_server.admin_address", "a loopback address and a port, for example \"127.0.0.1:7779\", or \"\" for none", false, "\"127.0.0.1:7780\"",
            "Where health, metrics and the dashboard are, over HTTP.", value => IPAddress.IsLoopback(value.Address),
            settings => settings.Silo.Admin, (settings, value) => settings.Silo.Admin = value),
        Flag("xtmp_server.orleans_dashboard", "Serve Orleans' own dashboard at /orleans/ of admin_address. Every silo of a cluster has to have it on.",
            settings => settings.Silo.OrleansDashboard, (settings, value) => settings.Silo.OrleansDashboard = value),
        EndPoint("xtmp_server.websocket_address", "an IP address and a port, for example \"0.0.0.0:7780\", or \"\" for none", false, "\"0.0.0.0:7780\"",
            "Where the WebSocket gateway is (ws://ADDRESS:PORT/xtmp).", _ => true, settings => settings.Silo.WebSocket, (settings, value) => settings.Silo.WebSocket = value),
        Texts("xtmp_server.websocket_origins", "a list of origins such as \"https://app.example.org\"", "[\"https://app.example.org\"]", "Origins whose pages may open WebSockets here. Programs need none.",
            settings => settings.Gateway.WebSocketOrigins, (settings, value) => settings.Gateway = settings.Gateway with { WebSocketOrigins = value }).Live(),
        Flag("xtmp_server.enable_datagrams", "Offer datagrams beside the streams, on the UDP port of the gateway's number.",
            settings => settings.Silo.Datagrams, (settings, value) => settings.Silo.Datagrams = value, example: false),
        Text("xtmp_server.datagram_endpoint", "\"HOST:PORT\", or \"\"", "\"silo.example.org:7778\"", "Where clients are told to send datagrams, for a silo behind address translation; else the gateway's port at the host they have reached.", _ => true,
            settings => settings.Silo.DatagramEndpoint ?? "", (settings, value) => settings.Silo.DatagramEndpoint = value.Length == 0 ? null : value),
        Text("xtmp_server.data_directory", "a path", "\"/var/lib/xtmp\"", "Directory of the database and the silo's identity; made when missing.", text => text.Trim().Length > 0,
            settings => settings.Silo.DataDirectory, (settings, value) => settings.Silo.DataDirectory = value),
        Text("xtmp_server.network", $"a name of at most {NetworkName.MaxBytes} bytes, or \"\"", "\"example\"",
            "Name of the network whose signatures count here. With none, the silo is a network of its own, named by its fingerprint.", text => text.Length == 0 || NetworkName.IsValid(text),
            settings => settings.Grains.Network, (settings, value) => settings.Grains = settings.Grains with { Network = value }),
        Number("xtmp_server.max_connections", 1, 1_000_000, "Connections at one time; one more is closed at once.",
            settings => settings.Gateway.MaxConnections, (settings, value) => settings.Gateway = settings.Gateway with { MaxConnections = (int)value }).Live(),
        Duration("xtmp_server.session_timeout", Second, 30 * Day, "A session without an application message for this long is closed.",
            settings => settings.Sessions.IdleTimeout, (settings, value) => settings.Sessions = settings.Sessions with { IdleTimeout = value }).Live(),
        Duration("xtmp_server.anonymous_session_timeout", Second, 30 * Day, "How long a session lives in which nobody has proved an identity or a wallet.",
            settings => settings.Gateway.AnonymousLifetime, (settings, value) => settings.Gateway = settings.Gateway with { AnonymousLifetime = value }).Live(),
        Duration("xtmp_server.drain_timeout", TimeSpan.Zero, TimeSpan.FromHours(1), "How long a stop waits for calls in flight.",
            settings => settings.Silo.DrainTimeout, (settings, value) => settings.Silo.DrainTimeout = value),
        Flag("xtmp_server.enable_compression", "Compress messages that the schema calls compressible.",
            settings => settings.Silo.EnableCompression, (settings, value) => settings.Silo.EnableCompression = value, example: false).Live(),
        new()
        {
            Path = "xtmp_server.enable_encryption",
            Takes = "true: XTMP has no sessions in the clear",
            Description = "Whether sessions are encrypted. They always are.",
            Example = "true",
            Set = (_, value) => bool.TryParse(value.Scalar, out var isOn) && isOn ? null : WrongValue,
            Show = _ => "true",
        },
        Flag("xtmp_server.development", "Allow what only a silo for trying things out may do: issue money to anybody who comes.",
            settings => settings.Silo.Development, (settings, value) => settings.Silo.Development = value),
    ];

    private static IEnumerable<ConfigurationKey> Security() =>
    [
        new()
        {
            Path = "xtmp_security.encryption_type",
            Takes = "\"Any\", \"Aes256Gcm\", \"ChaCha20Poly1305\" or \"PostQuantum\"",
            Description = "How records are encrypted. Key agreement and signatures are post-quantum with each; \"PostQuantum\" adds an HMAC that commits to the key. \"Any\" leaves the choice to the client.",
            Example = "\"PostQuantum\"",
            IsLive = true,
            Set = (settings, value) => SetEncryption(settings.Silo, value.Scalar),
            Show = settings => settings.Silo.EncryptionTypes is [var only] ? $"\"{only}\"" : "\"Any\"",
        },
        Duration("xtmp_security.key_rotation_interval", Second, 30 * Day, "A session's keys are renewed this long after the last time.",
            settings => settings.Sessions.RekeyInterval, (settings, value) => settings.Sessions = settings.Sessions with { RekeyInterval = value }).Live(),
        Flag("xtmp_security.require_authentication", "Refuse clients that prove no identity in the handshake.",
            settings => settings.Silo.ClientAuthentication == ClientAuthentication.Required,
            (settings, value) => settings.Silo.ClientAuthentication = value ? ClientAuthentication.Required : ClientAuthentication.Optional).Live(),
        Flag("xtmp_security.require_same_schemas", "Refuse clients with another fingerprint of XTMP's schema, or of one of the schemas served here that they announce.",
            settings => settings.Silo.RequireSameSchemas, (settings, value) => settings.Silo.RequireSameSchemas = value).Live(),
        Number("xtmp_security.padding", 0, 4096, "Messages of up to 16 KiB are padded to a multiple of so many bytes, which hides their exact size; 0 pads none.",
            settings => settings.Gateway.Padding.BucketBytes, (settings, value) => settings.Gateway = settings.Gateway with { Padding = new PaddingPolicy((int)value) }).Live(),
        Fingerprints("xtmp_security.allowed_clients", "Client identities that are let in; with none, any is, which then grants nothing by itself. Who is taken off the list is disconnected.",
            settings => settings.Silo.AllowedClients, (settings, value) => settings.Silo.AllowedClients = value),
        new()
        {
            Path = "xtmp_security.client_root",
            Takes = "a file that xtmp keygen --public has written, or \"\"",
            Description = "Root whose certificates let clients in, beside allowed_clients, and whose names may have roles.",
            Example = "\"alpha.pub.pem\"",
            Set = (settings, value) =>
            {
                try
                {
                    settings.Silo.ClientRoot = value.Scalar is { Length: > 0 } file ? PublicIdentityFile.Load(file) : null;
                    return null;
                }
                catch (XtmpException error)
                {
                    return error.Message;
                }
            },
            Show = settings => ValueText.Quote(settings.Silo.ClientRoot?.Fingerprint.ToString() ?? ""),
        },
        new()
        {
            Path = "xtmp_security.withdrawn_certificates",
            Takes = "a list of serial numbers",
            Description = "Certificates of client_root that are withdrawn. Who has one is disconnected.",
            Example = "[17]",
            IsLive = true,
            IsCollection = true,
            Set = (settings, value) =>
            {
                var wrong = value.Items.FirstOrDefault(item => !ulong.TryParse(item, NumberStyles.None, CultureInfo.InvariantCulture, out _));
                if (wrong is not null)
                {
                    return $"takes a list of serial numbers, not {ValueText.Quote(wrong)}";
                }

                settings.Silo.WithdrawnCertificates = [.. value.Items.Select(item => ulong.Parse(item, CultureInfo.InvariantCulture)).Distinct()];
                return null;
            },
            Show = settings => "[" + string.Join(", ", settings.Silo.WithdrawnCertificates) + "]",
        },
        new()
        {
            Path = "xtmp_security.next_fingerprint",
            Takes = "a fingerprint of 64 hex digits, or \"\"",
            Description = "The identity that will follow this silo's, or in the time after the change the one before: hellos addressed to it are accepted too.",
            Example = $"\"{new string('b', 64)}\"",
            IsLive = true,
            Set = (settings, value) =>
            {
                if (value.Scalar == "")
                {
                    settings.Silo.NextFingerprint = null;
                    return null;
                }

                settings.Silo.NextFingerprint = Fingerprint.TryParse(value.Scalar, out var fingerprint) ? fingerprint : settings.Silo.NextFingerprint;
                return Fingerprint.TryParse(value.Scalar, out _) ? null : WrongValue;
            },
            Show = settings => ValueText.Quote(settings.Silo.NextFingerprint?.ToString() ?? ""),
        },
        Duration("xtmp_security.ticket_lifetime", TimeSpan.Zero, Day, "How long a client may resume with a ticket; under a second gives none.",
            settings => settings.Silo.TicketLifetime, (settings, value) => settings.Silo.TicketLifetime = value).Live(),
        Duration("xtmp_security.ticket_key_rotation", TimeSpan.FromMinutes(1), 30 * Day, "How long one key seals tickets. It opens them for two such times more.",
            settings => settings.Silo.TicketKeyPeriod, (settings, value) => settings.Silo.TicketKeyPeriod = value),
        Text("xtmp_security.audit_log", "a path, relative to the data directory, or \"\" for none", "\"audit.log\"", "File of the hash-chained log of security events (xtmp-silo audit verify).", _ => true,
            settings => settings.Silo.AuditLog, (settings, value) => settings.Silo.AuditLog = value),
    ];

    private static IEnumerable<ConfigurationKey> Roles() =>
    [
        RoleKey("xtmp_roles.operators", CallerRoles.Operator, "Identities that are operators of this silo."),
        RoleKey("xtmp_roles.notaries", CallerRoles.Notary, "Identities that are notaries, beside those of xtmp_bundles.notaries."),
        RoleKey("xtmp_roles.nodes", CallerRoles.Node, "Identities that are ledger nodes, beside those of xtmp_bundles.nodes."),
        CertifiedRoleKey("xtmp_roles.operator_names", CallerRoles.Operator, "operators"),
        CertifiedRoleKey("xtmp_roles.notary_names", CallerRoles.Notary, "notaries"),
        CertifiedRoleKey("xtmp_roles.node_names", CallerRoles.Node, "ledger nodes"),
    ];

    private static IEnumerable<ConfigurationKey> Cluster() =>
    [
        new()
        {
            Path = "xtmp_cluster.database",
            Takes = "a connection string such as \"Host=db;Database=xtmp;Username=silo\"",
            Description = "PostgreSQL database that the silos of a cluster share. With none, the silo is alone, on a SQLite file.",
            Example = "\"Host=db;Database=xtmp;Username=silo;Passfile=/etc/xtmp/pgpass\"",
            Set = (settings, value) =>
            {
                settings.ClusterDatabase = value.Scalar ?? "";
                return value.Scalar is null ? WrongValue : null;
            },

            // It may hold a password.
            Show = settings => settings.ClusterDatabase.Length == 0 ? "\"\"" : "\"(set)\"",
        },
        EndPoint("xtmp_cluster.silo_endpoint", "an address and a port where the other silos reach this one, for example \"10.0.0.5:11111\"", true, "\"10.0.0.5:11111\"",
            "Where the other silos reach this one.", _ => true, settings => settings.ClusterEndPoint, (settings, value) => settings.ClusterEndPoint = value!),
        Number("xtmp_cluster.orleans_client_port", 0, IPEndPoint.MaxPort, "Port at the address of silo_endpoint for programs of yours that call grains over an Orleans client; 0: none.",
            settings => settings.ClusterClientPort, (settings, value) => settings.ClusterClientPort = (int)value),
        Flag("xtmp_cluster.plain_silo_traffic", "Let silos talk to each other in the clear, without the keys of xtmp-silo cluster join; for networks that nobody else is on.",
            settings => settings.PlainSiloTraffic, (settings, value) => settings.PlainSiloTraffic = value),
        Fingerprints("xtmp_cluster.withdrawn_silos", "Silos whose certificates count no more though they have not ended, by the fingerprints that xtmp-silo cluster join printed. The same at every silo; open connections end within half a minute.",
            settings => settings.Silo.WithdrawnSilos, (settings, value) => settings.Silo.WithdrawnSilos = value),
        Duration("xtmp_cluster.probe_interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), "Time between two probes of another silo. Two that are missed make it dead: its grains go to the others, and if it still runs, it ends.",
            settings => settings.ProbeInterval, (settings, value) => settings.ProbeInterval = value),
    ];

    private static IEnumerable<ConfigurationKey> Observation() =>
    [
        Choice("xtmp_log.level", "Least severe log lines that the process prints.", Microsoft.Extensions.Logging.LogLevel.Warning, settings => settings.LogLevel, (settings, value) => settings.LogLevel = value).Live(),
        Choice("xtmp_log.format", "How the process prints its log: lines for people, or a JSON object an event with its id and fields.", LogFormat.Json, settings => settings.LogFormat, (settings, value) => settings.LogFormat = value),
        Text("xtmp_telemetry.otlp_endpoint", "a URL such as \"http://127.0.0.1:4317\", or \"\" for none", "\"http://127.0.0.1:4317\"", "Collector that metrics, spans, and of the process its log, are sent to over OTLP.",
            text => text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"),
            settings => settings.Silo.Telemetry.Endpoint?.OriginalString ?? "",
            (settings, value) => settings.Silo.Telemetry = settings.Silo.Telemetry with { Endpoint = value.Length == 0 ? null : new Uri(value) }),
        Choice("xtmp_telemetry.otlp_protocol", "How the collector is spoken to.", OtlpProtocol.HttpProtobuf,
            settings => settings.Silo.Telemetry.Protocol, (settings, value) => settings.Silo.Telemetry = settings.Silo.Telemetry with { Protocol = value }),
        Duration("xtmp_telemetry.otlp_interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), "Time between two sendings of metrics.",
            settings => settings.Silo.Telemetry.Interval, (settings, value) => settings.Silo.Telemetry = settings.Silo.Telemetry with { Interval = value }),
    ];

    private static ConfigurationKey Live(this ConfigurationKey key) => key with { IsLive = true };

    private static ConfigurationKey RoleKey(string path, CallerRoles role, string description) => Fingerprints(
        path,
        description,
        settings => settings.Gateway.Roles.Where(pair => pair.Value.HasFlag(role)).Select(pair => pair.Key),
        (settings, identities) =>
        {
            var roles = settings.Gateway.Roles.ToDictionary(pair => pair.Key, pair => pair.Value & ~role);
            foreach (var identity in identities)
            {
                roles[identity] = roles.GetValueOrDefault(identity) | role;
            }

            settings.Gateway = settings.Gateway with { Roles = roles };
        });

    private static ConfigurationKey CertifiedRoleKey(string path, CallerRoles role, string who) => Texts(
        path,
        "a list of names",
        "[\"alice\"]",
        $"Clients with a certificate of xtmp_security.client_root in one of these names are {who}.",
        settings => [.. settings.Gateway.CertifiedRoles.Where(pair => pair.Value.HasFlag(role)).Select(pair => pair.Key)],
        (settings, names) =>
        {
            var roles = settings.Gateway.CertifiedRoles.ToDictionary(pair => pair.Key, pair => pair.Value & ~role, StringComparer.Ordinal);
            foreach (var name in names)
            {
                roles[name] = roles.GetValueOrDefault(name) | role;
            }

            settings.Gateway = settings.Gateway with { CertifiedRoles = roles };
        }).Live();

    private static string? SetEncryption(SiloOptions silo, string? text)
    {
        if (string.Equals(text, "Any", StringComparison.OrdinalIgnoreCase))
        {
            silo.EncryptionTypes = new SiloOptions().EncryptionTypes;
            return null;
        }

        if (!Enum.TryParse<EncryptionType>(text, ignoreCase: true, out var type) || type is < EncryptionType.Aes256Gcm or > EncryptionType.PostQuantum || int.TryParse(text, out _))
        {
            return WrongValue;
        }

        silo.EncryptionTypes = [type];
        return null;
    }

    [GeneratedRegex("^[A-Z]{3,8}$")]
    private static partial Regex Currency();
}
