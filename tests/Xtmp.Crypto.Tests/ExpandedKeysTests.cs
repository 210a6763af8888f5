namespace Xtmp.Crypto.Tests;

/// <summary>Public keys are kept expanded within a bound that a peer who makes keys cannot move.</summary>
public sealed class ExpandedKeysTests
{
    private static readonly byte[] Hash = new byte[IdentityPublicKey.HashSize];

    [Fact]
    public void only_so_many_keys_are_kept_expanded_and_those_in_use_stay()
    {
        using var signer = IdentityKey.Generate(SystemEntropy.Instance);
        var (mlDsa, ed25519) = Sign(signer);
        var used = Import(signer);
        Assert.True(used.Verify("test"u8, "role"u8, Hash, mlDsa, ed25519));
        var others = new List<IdentityPublicKey>();
        for (var other = 0; other < ExpandedKeys.Max * 3 / 2; other++)
        {
            others.Add(Import(signer));
            Assert.True(others[^1].Verify("test"u8, "role"u8, Hash, mlDsa, ed25519));
            Assert.True(used.Verify("test"u8, "role"u8, Hash, mlDsa, ed25519));
        }

        Assert.True(used.IsExpanded);
        Assert.True(others[^1].IsExpanded);
        Assert.InRange(others.Count(key => key.IsExpanded), 1, ExpandedKeys.Max - 1);

        // One that lost its place verifies as before.
        var shrunk = others.First(key => !key.IsExpanded);
        Assert.True(shrunk.Verify("test"u8, "role"u8, Hash, mlDsa, ed25519));
    }

    [Fact]
    public void a_key_under_which_nothing_was_valid_is_not_kept()
    {
        using var signer = IdentityKey.Generate(SystemEntropy.Instance);
        var (mlDsa, ed25519) = Sign(signer);
        mlDsa[100] ^= 1;
        var key = Import(signer);
        Assert.False(key.Verify("test"u8, "role"u8, Hash, mlDsa, ed25519));
        Assert.False(key.IsExpanded);
    }

    private static (byte[] MlDsa, byte[] Ed25519) Sign(IdentityKey signer)
    {
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        signer.Sign("test"u8, "role"u8, Hash, SystemEntropy.Instance, mlDsa, ed25519);
        return (mlDsa, ed25519);
    }

    private static IdentityPublicKey Import(IdentityKey signer)
    {
        Assert.True(IdentityPublicKey.TryImport(signer.Public.MlDsaKey, signer.Public.Ed25519Key, out var key));
        return key;
    }
}
