using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Grains.Tests;

/// <summary>A wallet's keys on the client's side of the wire.</summary>
internal sealed class TestWallet
{
    private readonly IdentityKey _keys;
    private readonly IEntropy _entropy;

    public TestWallet(ulong seed)
    {
        _entropy = new SeededEntropy(seed);
        _keys = IdentityKey.Generate(_entropy);
        Id = _keys.Public.Fingerprint.ToArray();
        Caller = new CallerInfo { SessionId = seed, PeerAddress = "192.0.2.7:1", WalletBinding = Binding(seed), Wallet = Id };
    }

    public ReadOnlyMemory<byte> Id { get; }

    public string Key => Convert.ToHexStringLower(Id.Span);

    /// <summary>A session that speaks for this wallet.</summary>
    public CallerInfo Caller { get; }

    public CallContext Context => new(Caller: Caller);

    /// <summary>This wallet as the captor of a hold.</summary>
    public string Captor => WalletSigning.CaptorOf(Id.Span);

    public static byte[] Binding(ulong session)
    {
        var binding = new byte[32];
        new SeededEntropy(session + 1_000_000).Fill(binding);
        return binding;
    }

    public WalletRegister Registration()
    {
        var proof = Authentication(Caller.WalletBinding.Span);
        return new()
        {
            Wallet = Id,
            MlDsaKey = _keys.Public.MlDsaKey.ToArray(),
            Ed25519Key = _keys.Public.Ed25519Key.ToArray(),
            Label = "test",
            ClientInfo = new ClientInfo { Name = "tests", Version = "1", Platform = "any" },
            MlDsaSignature = proof.MlDsaSignature,
            Ed25519Signature = proof.Ed25519Signature,
        };
    }

    public WalletAuth Authentication(ReadOnlySpan<byte> binding)
    {
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashAuthentication(binding, Id.Span, hash);
        var (mlDsa, ed25519) = Sign(WalletSigning.AuthenticationLabel, hash);
        return new WalletAuth { Wallet = Id, MlDsaSignature = mlDsa, Ed25519Signature = ed25519 };
    }

    public WalletTransaction Transfer(TestWallet to, ulong amount, ulong nonce, string currency = GrainsFixture.Currency, byte[]? operation = null)
    {
        if (operation is null)
        {
            operation = new byte[16];
            _entropy.Fill(operation);
        }

        return Sign(new WalletTransaction
        {
            OperationId = operation,
            From = Id,
            To = to.Id,
            Amount = amount,
            Currency = currency,
            Nonce = nonce,
            Signature = new byte[64],
        });
    }

    /// <summary>A signed hold for another wallet as captor.</summary>
    public WalletHold Hold(TestWallet captor, ulong amount, DateTimeOffset expiresAt, byte[]? operation = null)
    {
        if (operation is null)
        {
            operation = new byte[16];
            _entropy.Fill(operation);
        }

        return Sign(new WalletHold
        {
            OperationId = operation,
            Wallet = Id,
            Amount = amount,
            Currency = GrainsFixture.Currency,
            Captor = captor.Captor,
            ExpiresAt = expiresAt,
            Signature = new byte[64],
        });
    }

    public WalletHold Sign(WalletHold unsigned) => WalletSigning.SignHold(unsigned, GrainsFixture.Network, _keys, _entropy);

    public WalletTransaction Sign(WalletTransaction unsigned, string network = GrainsFixture.Network)
    {
        Span<byte> hash = stackalloc byte[WalletSigning.HashSize];
        WalletSigning.HashTransfer(unsigned, network, hash);
        var (mlDsa, ed25519) = Sign(WalletSigning.TransferLabel, hash);
        return unsigned with { Signature = ed25519, PqSignature = mlDsa };
    }

    private (byte[] MlDsa, byte[] Ed25519) Sign(ReadOnlySpan<byte> label, ReadOnlySpan<byte> hash)
    {
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        _keys.Sign(label, WalletSigning.Role, hash, _entropy, mlDsa, ed25519);
        return (mlDsa, ed25519);
    }
}
