using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>
/// How a client connects. Trust has no default: give <see cref="ServerFingerprint"/>, or <see cref="ServerTrust"/>, or
/// <see cref="KnownHostsPath"/>. A client that trusts anybody cannot be made by leaving something out.
/// </summary>
public sealed record XtmpClientOptions
{
    /// <summary>The server's identity, as the silo prints it at start.</summary>
    public Fingerprint? ServerFingerprint { get; init; }

    /// <summary>The identity announced to follow <see cref="ServerFingerprint"/>, accepted as well.</summary>
    public Fingerprint? NextServerFingerprint { get; init; }

    /// <summary>Any other trust policy, for example an offline root (<see cref="TrustPolicy.Root"/>).</summary>
    public ITrustPolicy? ServerTrust { get; init; }

    /// <summary>Trust on first use: the file that remembers servers. The first contact is not protected.</summary>
    public string? KnownHostsPath { get; init; }

    /// <summary>
    /// Name of the network the silo belongs to, which wallets sign. Null, the default: the fingerprint the server proved,
    /// which is what a silo without a configured name calls its network. Silos of one network that have fingerprints of
    /// their own need the name here.
    /// </summary>
    public string? Network { get; init; }

    /// <summary>Identity this client proves where the silo asks for one. Stays the caller's to dispose.</summary>
    public IdentityKey? Identity { get; init; }

    /// <summary>Certificate for <see cref="Identity"/> from the root that the silo knows (its <c>xtmp_security.client_root</c>), or null.</summary>
    public IdentityCertificate? Certificate { get; init; }

    /// <summary>
    /// Schemas of applications that this client speaks, such as <c>OrdersCatalogue.Schema</c>, at most 25. A silo that serves
    /// another version of one is told of in the log when a session starts.
    /// </summary>
    public IReadOnlyList<SchemaInfo> Schemas { get; init; } = [];

    /// <summary>Refuse a silo with another fingerprint of XTMP's schema or of one of <see cref="Schemas"/>. False only logs it: a schema may grow without breaking its older users.</summary>
    public bool RequireSameSchemas { get; init; }

    /// <summary>Encryption types in the order of preference.</summary>
    public ImmutableArray<EncryptionType> EncryptionTypes { get; init; } =
        [EncryptionType.Aes256Gcm, EncryptionType.ChaCha20Poly1305, EncryptionType.PostQuantum];

    public SessionLimits Limits { get; init; } = SessionLimits.Default;

    /// <summary>What carries the messages.</summary>
    public ConnectionType ConnectionType { get; init; }

    /// <summary>HTTP proxy for WebSocket endpoints, gone through by CONNECT. Null: the system's.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>Hides the sizes of this client's messages.</summary>
    public PaddingPolicy Padding { get; init; } = PaddingPolicy.None;

    /// <summary>Sessions that calls are spread over, 1 to 64; each is opened when the ones before it are busy. Every <see cref="XtmpWallet"/> has one of its own beside them.</summary>
    public int PoolSize { get; init; } = 1;

    /// <summary>Bound of one connection attempt, handshake included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bound of one call that brings none of its own, waiting for a session included. Streams have only what they bring.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The pause after the n-th failed attempt in a row is drawn evenly from 0 to this times 2^n, and never over
    /// <see cref="MaxReconnectDelay"/>.
    /// </summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Bound of the pause between attempts.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls of one session that may wait to be sent, while there is no session or it is full; one more fails with <see cref="XtmpErrorCode.Overloaded"/>.</summary>
    public int MaxWaitingCalls { get; init; } = 65_536;

    /// <summary>Items a stream may be ahead of its reader.</summary>
    public int StreamWindow { get; init; } = 64;

    /// <summary>Bounds on decoding what the server sends.</summary>
    public DecodeLimits DecodeLimits { get; init; } = DecodeLimits.Untrusted;

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where the meter <c>Xtmp.Client</c> is made; null: one that belongs to no factory.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Source of keys and of the jitter between attempts.</summary>
    public IEntropy Entropy { get; init; } = SystemEntropy.Instance;

    /// <exception cref="XtmpException">Local fault; the message names the option.</exception>
    internal void Require()
    {
        Check(Network is null || NetworkName.IsValid(Network), $"{nameof(Network)} must have 1 to 64 bytes of UTF-8 without control characters");
        Check(PoolSize is >= 1 and <= 64, $"{nameof(PoolSize)} must be from 1 to 64");
        Check(ConnectTimeout > TimeSpan.Zero && CallTimeout > TimeSpan.Zero, $"{nameof(ConnectTimeout)} and {nameof(CallTimeout)} must be positive");
        Check(ReconnectDelay > TimeSpan.Zero && MaxReconnectDelay >= ReconnectDelay, $"{nameof(ReconnectDelay)} must be positive and not over {nameof(MaxReconnectDelay)}");
        Check(MaxWaitingCalls > 0 && StreamWindow > 0, $"{nameof(MaxWaitingCalls)} and {nameof(StreamWindow)} must be positive");
        Check(Schemas.Count <= 25 && Schemas.DistinctBy(schema => schema.Protocol, StringComparer.Ordinal).Count() == Schemas.Count, $"{nameof(Schemas)} must be at most 25, each of a protocol of its own");
        if (ServerFingerprint is null && ServerTrust is null && KnownHostsPath is null)
        {
            throw new XtmpException(
                XtmpErrorCode.UntrustedPeer,
                Fault.Local,
                $"Nothing says which server to trust. Set {nameof(ServerFingerprint)} to the fingerprint the silo prints at start, or {nameof(KnownHostsPath)} to trust on first use.");
        }
    }

    private static void Check(bool condition, string what)
    {
        if (!condition)
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"Client options: {what}.");
        }
    }
}
