using Xtmp.Crypto;

namespace Xtmp.TestKit;

/// <summary>Identities of tests, made once: their keys come from fixed seeds.</summary>
public static class TestIdentities
{
    public static IdentityKey Server { get; } = IdentityKey.Generate(new SeededEntropy("test server"u8));

    public static IdentityKey NextServer { get; } = IdentityKey.Generate(new SeededEntropy("test next server"u8));

    public static IdentityKey Client { get; } = IdentityKey.Generate(new SeededEntropy("test client"u8));

    public static IdentityKey Stranger { get; } = IdentityKey.Generate(new SeededEntropy("test stranger"u8));

    public static IdentityKey Root { get; } = IdentityKey.Generate(new SeededEntropy("test root"u8));
}
