namespace Xtmp.Protocol;

/// <summary>
/// Who is calling, as the gateway knows it. Plain data, so that it crosses to another silo unchanged.
/// </summary>
public sealed record CallerInfo
{
    public required ulong SessionId { get; init; }

    /// <summary>Address and port of the peer, for logs.</summary>
    public required string PeerAddress { get; init; }

    /// <summary>The 32-byte identity fingerprint the client proved in the handshake; empty when it proved none.</summary>
    public ReadOnlyMemory<byte> IdentityFingerprint { get; init; }

    /// <summary>
    /// With a method that authenticates a wallet, and only there, 32 bytes: Export("wallet auth", wallet, 32) of the session,
    /// which the wallet signs to authenticate inside this session and no other (SPEC §2). With a device's proof
    /// Export("zklock", device id, 32) in the same way.
    /// </summary>
    public ReadOnlyMemory<byte> WalletBinding { get; init; }

    /// <summary>The wallet this session has authenticated, as its 32-byte id; empty when none.</summary>
    public ReadOnlyMemory<byte> Wallet { get; init; }

    /// <summary>What the silo's configuration lets this identity be.</summary>
    public CallerRoles Roles { get; init; }

    /// <summary>The highest level the caller has reached.</summary>
    public AuthenticationLevel Level =>
        !Wallet.IsEmpty ? AuthenticationLevel.Wallet
        : !IdentityFingerprint.IsEmpty ? AuthenticationLevel.Session
        : AuthenticationLevel.None;
}
