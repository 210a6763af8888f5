using System.Security.Cryptography;

namespace Xtmp.Crypto.Tests;

/// <summary>Identities: both signatures count, and every input is bound.</summary>
public sealed class IdentityTests
{
    private static readonly byte[] s_label = "XTMP1-MLDSA87-Ed25519-SHA512"u8.ToArray();
    private static readonly byte[] s_role = "server"u8.ToArray();
    private static readonly byte[] s_hash = SHA512.HashData("transcript"u8);

    [Fact]
    public void accepts_its_own_signatures_and_rejects_any_change()
    {
        SeededEntropy entropy = new(7);
        using IdentityKey key = IdentityKey.Generate(entropy);
        byte[] mlDsa = new byte[MlDsa87.SignatureSize];
        byte[] ed25519 = new byte[Ed25519.SignatureSize];
        key.Sign(s_label, s_role, s_hash, entropy, mlDsa, ed25519);
        Assert.True(key.Public.Verify(s_label, s_role, s_hash, mlDsa, ed25519));
        Assert.False(key.Public.Verify(s_label, "client"u8, s_hash, mlDsa, ed25519));
        Assert.False(key.Public.Verify("other"u8, s_role, s_hash, mlDsa, ed25519));
        Assert.False(key.Public.Verify(s_label, s_role, SHA512.HashData("else"u8), mlDsa, ed25519));
        mlDsa[100] ^= 1;
        Assert.False(key.Public.Verify(s_label, s_role, s_hash, mlDsa, ed25519));
        mlDsa[100] ^= 1;
        ed25519[5] ^= 1;
        Assert.False(key.Public.Verify(s_label, s_role, s_hash, mlDsa, ed25519));
        ed25519[5] ^= 1;
        Assert.False(key.Public.Verify(s_label, s_role, s_hash, mlDsa.AsSpan(1), ed25519));
        Assert.False(key.Public.Verify(s_label, s_role, s_hash, mlDsa, ed25519.AsSpan(1)));
        Assert.True(key.Public.Verify(s_label, s_role, s_hash, mlDsa, ed25519));
    }

    [Fact]
    public void seeds_bring_back_the_same_identity()
    {
        using IdentityKey key = IdentityKey.Generate(new SeededEntropy(8));
        byte[] first = new byte[32];
        byte[] second = new byte[32];
        key.ExportSeeds(first, second);
        using IdentityKey again = IdentityKey.FromSeeds(first, second);
        Assert.Equal(key.Public.Fingerprint, again.Public.Fingerprint);
        Assert.Equal(key.Public.Fingerprint.ToString(), key.ToString());
    }

    [Fact]
    public void the_fingerprint_is_the_hash_of_both_keys()
    {
        using IdentityKey key = IdentityKey.Generate(new SeededEntropy(9));
        byte[] expected = SHA256.HashData([.. "XTMP1 identity"u8, .. key.Public.MlDsaKey, .. key.Public.Ed25519Key]);
        Assert.Equal(Convert.ToHexStringLower(expected), key.Public.Fingerprint.ToString());
        Assert.Equal(key.Public.Fingerprint, Fingerprint.Parse(key.Public.Fingerprint.ToString()));
        Assert.False(key.Public.Fingerprint.IsZero);
        Assert.True(default(Fingerprint).IsZero);
        Assert.False(Fingerprint.TryParse("00", out _));
        Assert.False(Fingerprint.TryParse(new string('g', 64), out _));
        Assert.Throws<FormatException>(() => Fingerprint.Parse(""));
    }

    [Fact]
    public void rejects_keys_of_a_wrong_length()
    {
        Assert.False(IdentityPublicKey.TryImport(new byte[2591], new byte[32], out _));
        Assert.False(IdentityPublicKey.TryImport(new byte[2592], new byte[33], out _));
        Assert.True(IdentityPublicKey.TryImport(new byte[2592], new byte[32], out IdentityPublicKey? key));
        Assert.False(key.Verify(s_label, s_role, s_hash, new byte[MlDsa87.SignatureSize], new byte[Ed25519.SignatureSize]));
    }
}
