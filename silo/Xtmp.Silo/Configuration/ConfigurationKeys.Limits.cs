using Xtmp.Gateway;
using Xtmp.Grains;
using static Xtmp.Silo.KeyKinds;

namespace Xtmp.Silo;

/// <content>Limits, rates, and what the grains are told.</content>
internal static partial class ConfigurationKeys
{
    private const long MiB = 1L << 20;
    private const long TiB = 1L << 40;

    // Of the schema's name of an authority.
    private const int MaxAuthorityLength = 64;

    private static IEnumerable<ConfigurationKey> Limits() =>
    [
        Limit("max_connections_per_address", 1, 1_000_000, "Connections of one address, or of one IPv6 /64, at one time.", gateway => gateway.MaxConnectionsPerAddress, (gateway, value) => gateway with { MaxConnectionsPerAddress = value }),
        Limit("max_half_open", 1, 1_000_000, "Connections whose handshake is not over.", gateway => gateway.MaxHalfOpen, (gateway, value) => gateway with { MaxHalfOpen = value }),
        Limit("max_half_open_per_address", 1, 1_000_000, "The same of one address, or of one IPv6 /64.", gateway => gateway.MaxHalfOpenPerAddress, (gateway, value) => gateway with { MaxHalfOpenPerAddress = value }),
        Limit("max_handshakes", 1, 1_000_000, "Handshakes of all addresses in one handshake_window.", gateway => gateway.MaxHandshakes, (gateway, value) => gateway with { MaxHandshakes = value }),
        Limit("max_handshakes_per_address", 1, 1_000_000, "Handshakes of one address in one handshake_window.", gateway => gateway.MaxHandshakesPerAddress, (gateway, value) => gateway with { MaxHandshakesPerAddress = value }),
        Limit("max_unaddressed_handshakes", 0, 1_000_000, "Handshakes of clients that do not know this silo's fingerprint yet, in one handshake_window; 0 refuses them.", gateway => gateway.MaxUnaddressedHandshakes, (gateway, value) => gateway with { MaxUnaddressedHandshakes = value }),
        GatewayTime("handshake_window", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), "The span over which handshakes are counted; also what a refused client is told to wait.", gateway => gateway.HandshakeWindow, (gateway, value) => gateway with { HandshakeWindow = value }),
        GatewayTime("first_byte_timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), "A connection on which no byte comes for this long is closed.", gateway => gateway.FirstByteTimeout, (gateway, value) => gateway with { FirstByteTimeout = value }),
        SessionTime("handshake_timeout", Second, TimeSpan.FromMinutes(10), "Handshakes that take longer are closed.", session => session.HandshakeTimeout, (session, value) => session with { HandshakeTimeout = value }),
        SessionTime("heartbeat_interval", Second, Day, "A heartbeat is sent after this long without one.", session => session.HeartbeatInterval, (session, value) => session with { HeartbeatInterval = value }),
        SessionTime("peer_timeout", Second, Day, "A session that heard nothing at all from its peer for this long is closed.", session => session.PeerTimeout, (session, value) => session with { PeerTimeout = value }),
        GatewayTime("write_stall_timeout", Second, TimeSpan.FromHours(1), "A peer that takes none of the bytes written to it for this long is cut off.", gateway => gateway.Pump.WriteStallTimeout, (gateway, value) => gateway with { Pump = gateway.Pump with { WriteStallTimeout = value } }),
        GatewayTime("call_timeout", Second, TimeSpan.FromHours(1), "Bound of one call, after which its caller is told Timeout.", gateway => gateway.CallTimeout, (gateway, value) => gateway with { CallTimeout = value }),
        Limit("max_running_calls", 1, 65_536, "Calls of one session that run at one time; further ones wait in order.", gateway => gateway.MaxRunningCalls, (gateway, value) => gateway with { MaxRunningCalls = value }),
        Limit("max_running_calls_anonymous", 1, 65_536, "The same for a session in which nobody has proved who they are.", gateway => gateway.MaxRunningCallsAnonymous, (gateway, value) => gateway with { MaxRunningCallsAnonymous = value }),
        Limit("max_streams", 0, 1_000_000, "Open streams of one session.", gateway => gateway.MaxStreams, (gateway, value) => gateway with { MaxStreams = value }),
        Limit("max_streams_per_identity", 0, 1_000_000, "Open streams of one identity over all its sessions.", gateway => gateway.MaxStreamsPerIdentity, (gateway, value) => gateway with { MaxStreamsPerIdentity = value }),
        Number("xtmp_limits.max_concurrent_requests", 1, 1_000_000, "Requests of one session that may be unanswered; told to the client.",
            settings => settings.Sessions.MaxConcurrentRequests, (settings, value) => settings.Sessions = settings.Sessions with { MaxConcurrentRequests = (int)value }).Live(),
        Number("xtmp_limits.initial_stream_credit", 0, 65_536, "Stream items a client may send before it is given credit; told to the client.",
            settings => settings.Sessions.InitialStreamCredit, (settings, value) => settings.Sessions = settings.Sessions with { InitialStreamCredit = (int)value }).Live(),
        SessionSize("max_message_size", 1024, 32 * MiB, "Largest message after reassembly and decompression; told to the client.", session => session.MaxMessageBytes, (session, value) => session with { MaxMessageBytes = (int)value }),
        SessionSize("max_reassembly_size", 32 * MiB, 1024 * MiB, "Messages of one session that have arrived in part.", session => session.MaxReassemblyBytes, (session, value) => session with { MaxReassemblyBytes = (int)value }),
        SessionSize("send_queue_high_water", 4096, 1024 * MiB, "Bytes that wait for one peer, from which on the silo reads no more from it.", session => session.SendQueueHighWater, (session, value) => session with { SendQueueHighWater = value }),
        SessionSize("max_send_queue", MiB, 1024 * MiB, "Bytes that wait for one peer, over which its session is closed.", session => session.MaxSendQueueBytes, (session, value) => session with { MaxSendQueueBytes = value }),
        Size("xtmp_limits.memory_budget", 0, TiB, "Bytes that all sessions together may hold for their peers; 0 takes an eighth of the process's memory, at most 1 GiB.",
            settings => settings.Gateway.MemoryBudgetBytes ?? 0, (settings, value) => settings.Gateway = settings.Gateway with { MemoryBudgetBytes = value == 0 ? null : Math.Max(value, MiB) }),
        Size("xtmp_limits.max_store_size", 0, 1024 * TiB, "Bytes that the store takes, beyond which commits are refused with StorageFull; 0 for what the disk holds.",
            settings => settings.Silo.Storage.MaxBytes, (settings, value) => settings.Silo.Storage = settings.Silo.Storage with { MaxBytes = value }),
        Size("xtmp_limits.reserved_store_size", 0, TiB, "The last of max_store_size, kept for what settles.",
            settings => settings.Silo.Storage.ReservedBytes, (settings, value) => settings.Silo.Storage = settings.Silo.Storage with { ReservedBytes = value }),
        Number("xtmp_limits.max_stored_grains", 0, long.MaxValue, "Grains with anything stored; 0: no limit.",
            settings => settings.Silo.Storage.MaxGrains, (settings, value) => settings.Silo.Storage = settings.Silo.Storage with { MaxGrains = value }),
        Number("xtmp_limits.mailbox_capacity", 1, 1_000_000, "Calls waiting for one grain.",
            settings => settings.Runtime.MailboxCapacity, (settings, value) => settings.Runtime = settings.Runtime with { MailboxCapacity = (int)value }),
        Number("xtmp_limits.mailbox_capacity_per_session", 1, 1_000_000, "Calls of one session waiting for one grain.",
            settings => settings.Runtime.MailboxCapacityPerSession, (settings, value) => settings.Runtime = settings.Runtime with { MailboxCapacityPerSession = (int)value }),
        Number("xtmp_limits.max_verifications", 1, 1024, "Checks of signatures that run at once, outside turns.",
            settings => settings.Runtime.MaxVerifications, (settings, value) => settings.Runtime = settings.Runtime with { MaxVerifications = (int)value }) with { Example = "77" },
        Number("xtmp_limits.max_verifications_per_session", 1, 1_000_000, "Checks of signatures of one session that wait.",
            settings => settings.Runtime.MaxVerificationsPerSession, (settings, value) => settings.Runtime = settings.Runtime with { MaxVerificationsPerSession = (int)value }),
        Number("xtmp_limits.max_waiting_verifications", 1, 10_000_000, "Checks of signatures of all sessions that wait.",
            settings => settings.Runtime.MaxWaitingVerifications, (settings, value) => settings.Runtime = settings.Runtime with { MaxWaitingVerifications = (int)value }),
        Number("xtmp_limits.max_subscriptions", 1, 100_000_000, "Open subscriptions over all topics of this silo.",
            settings => settings.Runtime.MaxSubscriptions, (settings, value) => settings.Runtime = settings.Runtime with { MaxSubscriptions = (int)value }),
        Duration("xtmp_limits.grain_idle_timeout", TimeSpan.FromMinutes(1), 30 * Day, "How long a grain stays in memory without calls.",
            settings => settings.Runtime.IdleTimeout, (settings, value) => settings.Runtime = settings.Runtime with { IdleTimeout = value }),
    ];

    private static IEnumerable<ConfigurationKey> Rates()
    {
        (string Name, string Whose, Func<RateLimits, CostRates> Get, Func<RateLimits, CostRates, RateLimits> With)[] scopes =
        [
            ("session", "of one session that has proved an identity or a wallet", rates => rates.Session, (rates, value) => rates with { Session = value }),
            ("anonymous", "of one session in which nobody has", rates => rates.Anonymous, (rates, value) => rates with { Anonymous = value }),
            ("identity", "of one identity over all its sessions", rates => rates.Identity, (rates, value) => rates with { Identity = value }),
            ("address", "of one address, or of one IPv6 /64", rates => rates.Address, (rates, value) => rates with { Address = value }),
            ("total", "of all callers together", rates => rates.Total, (rates, value) => rates with { Total = value }),
        ];
        foreach (var (name, whose, get, with) in scopes)
        {
            yield return Rate($"xtmp_rates.{name}_read", $"Calls that read, {whose}.", rates => get(rates).Read, (rates, value) => with(rates, get(rates) with { Read = value }));
            yield return Rate($"xtmp_rates.{name}_verify", $"Calls that change or verify, {whose}.", rates => get(rates).Verify, (rates, value) => with(rates, get(rates) with { Verify = value }));
            yield return Rate($"xtmp_rates.{name}_create", $"Calls that create, {whose}.", rates => get(rates).Create, (rates, value) => with(rates, get(rates) with { Create = value }));
        }
    }

    private static IEnumerable<ConfigurationKey> Grains() =>
    [
        Text("xtmp_wallets.currency", "three to eight capital letters", "\"EUR\"", "Currency of this silo's wallets.", Currency().IsMatch,
            settings => settings.Grains.Currency, (settings, value) => settings.Grains = settings.Grains with { Currency = value }),
        Number("xtmp_wallets.opening_balance", 0, long.MaxValue, "Minor units issued to each newly registered wallet. Above 0 only with allowed_clients, or for development.",
            settings => (long)settings.Grains.OpeningBalance, (settings, value) => settings.Grains = settings.Grains with { OpeningBalance = (ulong)value }),
        Flag("xtmp_wallets.require_pq_signature", "Refuse transfers without an ML-DSA-87 signature.",
            settings => settings.Grains.RequirePqSignature, (settings, value) => settings.Grains = settings.Grains with { RequirePqSignature = value }, example: false),
        Number("xtmp_wallets.max_transfer", 1, long.MaxValue, "Most minor units that one transfer or hold moves.",
            settings => (long)settings.Grains.MaxTransfer, (settings, value) => settings.Grains = settings.Grains with { MaxTransfer = (ulong)value }),
        Number("xtmp_wallets.max_transfer_per_day", 1, long.MaxValue, "Most minor units that leave a wallet on one day of UTC, by transfers and holds.",
            settings => (long)settings.Grains.MaxTransferPerDay, (settings, value) => settings.Grains = settings.Grains with { MaxTransferPerDay = (ulong)value }),
        Number("xtmp_wallets.max_holds", 0, 65_536, "Open holds of one wallet.",
            settings => settings.Grains.MaxHolds, (settings, value) => settings.Grains = settings.Grains with { MaxHolds = (int)value }),
        GrainTime("xtmp_wallets.max_hold_time", Second, 3650 * Day, "Longest time from a hold's placement to its expiry.", grains => grains.MaxHoldTime, (grains, value) => grains with { MaxHoldTime = value }),
        GrainTime("xtmp_wallets.settlement_wait", TimeSpan.Zero, TimeSpan.FromMinutes(1), "How long a transfer's reply waits for the receiver to have the money.", grains => grains.SettlementWait, (grains, value) => grains with { SettlementWait = value }),
        Identities("xtmp_bundles.nodes", "Ledger nodes that may submit bundles.", settings => settings.Grains.Nodes, (settings, value) => settings.Grains = settings.Grains with { Nodes = value }),
        Identities("xtmp_bundles.notaries", "Notaries whose verdicts count. With none, bundles stay at submitted.", settings => settings.Grains.Notaries, (settings, value) => settings.Grains = settings.Grains with { Notaries = value }),
        Number("xtmp_bundles.required_approvals", 1, 1000, "Approvals that confirm a bundle.",
            settings => settings.Grains.RequiredApprovals, (settings, value) => settings.Grains = settings.Grains with { RequiredApprovals = (int)value }),
        new()
        {
            Path = "xtmp_certificates.authorities",
            Takes = "a table of names of at most 64 letters and the identity files of xtmp keygen",
            Description = "Authorities of TLSLS certificates; the identity is the root. The silos of a cluster all have the same. A silo that is alone has one named silo, of its own identity.",
            Example = "{ devices = \"authority.pem\" }",
            IsCollection = true,
            Set = (settings, value) =>
            {
                settings.Silo.AuthorityFiles = value.Children.ToDictionary(child => child.Key, child => child.Value);
                return value.Children.FirstOrDefault(child => child.Key.Length > MaxAuthorityLength || !File.Exists(child.Value)) is { Key: not null } wrong
                    ? wrong.Key.Length > MaxAuthorityLength ? WrongValue : $"{wrong.Key}: there is no file {ValueText.Quote(wrong.Value)}"
                    : null;
            },
            Show = settings => "{" + string.Join(",", settings.Silo.AuthorityFiles.Select(pair => $" {pair.Key} = {ValueText.Quote(pair.Value)}")) + " }",
        },
        Duration("xtmp_certificates.max_lifetime", TimeSpan.FromMinutes(1), 396 * Day, "Longest lifetime of their certificates.",
            settings => settings.Silo.MaxCertificateLifetime, (settings, value) => settings.Silo.MaxCertificateLifetime = value),
        GrainTime("xtmp_games.patience", Second, 30 * Day, "A game of which nothing is heard for so long is settled by its last certificate.", grains => grains.GamePatience, (grains, value) => grains with { GamePatience = value }),
        GrainTime("xtmp_devices.authentication_time", Second, 30 * Day, "How long a device's authentication holds.", grains => grains.DeviceAuthenticationTime, (grains, value) => grains with { DeviceAuthenticationTime = value }),
        Number("xtmp_devices.max_envelopes", 1, 65_536, "Envelopes that wait for one device; the oldest make room.",
            settings => settings.Grains.MaxDeviceEnvelopes, (settings, value) => settings.Grains = settings.Grains with { MaxDeviceEnvelopes = (int)value }),
        Number("xtmp_locks.max_sessions", 1, 1_000_000, "Lock sessions of one space.",
            settings => settings.Grains.MaxLockSessions, (settings, value) => settings.Grains = settings.Grains with { MaxLockSessions = (int)value }),
        Number("xtmp_locks.max_sessions_per_wallet", 1, 1_000_000, "Lock sessions of one wallet in one space.",
            settings => settings.Grains.MaxLockSessionsPerWallet, (settings, value) => settings.Grains = settings.Grains with { MaxLockSessionsPerWallet = (int)value }),
        Number("xtmp_locks.max_locks_per_session", 1, 1024, "Resources that one lock session holds.",
            settings => settings.Grains.MaxLocksPerSession, (settings, value) => settings.Grains = settings.Grains with { MaxLocksPerSession = (int)value }),
        Number("xtmp_locks.max_waits", 1, 1_000_000, "Requests for locks that wait in one space.",
            settings => settings.Grains.MaxLockWaits, (settings, value) => settings.Grains = settings.Grains with { MaxLockWaits = (int)value }),
        Number("xtmp_locks.max_waits_per_session", 1, 1_000_000, "Requests for locks that wait for one lock session.",
            settings => settings.Grains.MaxLockWaitsPerSession, (settings, value) => settings.Grains = settings.Grains with { MaxLockWaitsPerSession = (int)value }),
        GrainTime("xtmp_locks.max_wait", TimeSpan.Zero, TimeSpan.FromMinutes(10), "How long a request for locks waits at most; less than a call may take.", grains => grains.MaxLockWait, (grains, value) => grains with { MaxLockWait = value }),
        GrainTime("xtmp_sessions.gateway_patience", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), "How long an operator's question about a session waits for the session's gateway.", grains => grains.GatewayPatience, (grains, value) => grains with { GatewayPatience = value }),
        GrainTime("xtmp_sessions.retention", Second, 3650 * Day, "How long a session's record is kept after its end.", grains => grains.SessionRetention, (grains, value) => grains with { SessionRetention = value }),
    ];

    private static ConfigurationKey Limit(string name, long min, long max, string description, Func<GatewayOptions, int> get, Func<GatewayOptions, int, GatewayOptions> with) =>
        Number("xtmp_limits." + name, min, max, description, settings => get(settings.Gateway), (settings, value) => settings.Gateway = with(settings.Gateway, (int)value)).Live();

    private static ConfigurationKey GatewayTime(string name, TimeSpan min, TimeSpan max, string description, Func<GatewayOptions, TimeSpan> get, Func<GatewayOptions, TimeSpan, GatewayOptions> with) =>
        Duration("xtmp_limits." + name, min, max, description, settings => get(settings.Gateway), (settings, value) => settings.Gateway = with(settings.Gateway, value)).Live();

    private static ConfigurationKey SessionTime(string name, TimeSpan min, TimeSpan max, string description, Func<Session.SessionLimits, TimeSpan> get, Func<Session.SessionLimits, TimeSpan, Session.SessionLimits> with) =>
        Duration("xtmp_limits." + name, min, max, description, settings => get(settings.Sessions), (settings, value) => settings.Sessions = with(settings.Sessions, value)).Live();

    private static ConfigurationKey SessionSize(string name, long min, long max, string description, Func<Session.SessionLimits, long> get, Func<Session.SessionLimits, long, Session.SessionLimits> with) =>
        Size("xtmp_limits." + name, min, max, description, settings => get(settings.Sessions), (settings, value) => settings.Sessions = with(settings.Sessions, value)).Live();

    private static ConfigurationKey GrainTime(string path, TimeSpan min, TimeSpan max, string description, Func<GrainOptions, TimeSpan> get, Func<GrainOptions, TimeSpan, GrainOptions> with) =>
        Duration(path, min, max, description, settings => get(settings.Grains), (settings, value) => settings.Grains = with(settings.Grains, value));
}
