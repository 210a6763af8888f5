using System.Collections.Immutable;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

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

    /// <summary>Identity this client proves where the silo asks for one. Stays the caller's to dispose.</summary>
    public IdentityKey? Identity { get; init; }

    /// <summary>
    /// The network that signatures are made for (<see cref="Messages.NetworkName"/>). Null: the network of the server that
    /// was reached, named by the fingerprint it proved. A silo that has a name of its own refuses signatures made for
    /// another, and its message says which it wants.
    /// </summary>
    public string? Network { get; init; }

    /// <summary>Encryption types in the order of preference.</summary>
    public ImmutableArray<EncryptionType> EncryptionTypes { get; init; } =
        [EncryptionType.Aes256Gcm, EncryptionType.ChaCha20Poly1305, EncryptionType.PostQuantum];

    public SessionLimits Limits { get; init; } = SessionLimits.Default;

    /// <summary>Bound of connecting, handshake included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bound of one call that brings none of its own. Streams have none.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Items a stream may be ahead of its reader.</summary>
    public int StreamWindow { get; init; } = 64;

    /// <summary>Bounds on decoding what the server sends.</summary>
    public DecodeLimits DecodeLimits { get; init; } = DecodeLimits.Untrusted;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Key shares made ahead of time, for a program that opens many sessions; share one (<c>SpareShares</c> of Xtmp.Transport)
    /// between them. Null, the default: each connection makes its own.
    /// </summary>
    public ISpareShares? SpareShares { get; init; }

    /// <summary>A ticket of an earlier session (<see cref="XtmpClient.TakeTicket"/>); used once.</summary>
    public SessionTicket? Ticket { get; init; }
}
