using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>Options most pair tests start from: the server's identity pinned, the client's asked for.</summary>
public static class PairOptions
{
    public static ClientSessionOptions Client { get; } = new()
    {
        ServerTrust = TrustPolicy.Pinned(TestIdentities.Server.Public.Fingerprint),
        ServerName = "server.test",
        Identity = TestIdentities.Client,
    };

    public static ServerSessionOptions Server { get; } = new()
    {
        Identity = TestIdentities.Server,
        ClientAuthentication = ClientAuthentication.Optional,
    };

    /// <summary>A client that remembers nothing from other tests: its own pin.</summary>
    public static ClientSessionOptions FreshClient() =>
        Client with { ServerTrust = TrustPolicy.Pinned(TestIdentities.Server.Public.Fingerprint) };
}
