using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

public sealed class PinnedServersTests
{
    [Fact]
    public async Task connections_to_one_server_share_its_key()
    {
        await using var silo = await TestSilo.StartAsync();
        var server = silo.Host.Fingerprint;
        await using var first = await silo.ConnectAsync();
        var policy = PinnedServers.Policy(server, next: null);
        var key = policy.KnownKey;
        Assert.Equal(server, key!.Fingerprint);

        // A full handshake again, in which the hello names the key and the server does not send it.
        await using var second = await silo.ConnectAsync();
        Assert.False(second.Session.Resumed);
        Assert.Equal(server, second.Session.ServerFingerprint);
        Assert.Same(policy, PinnedServers.Policy(server, next: null));
        Assert.Same(key, policy.KnownKey);
        Assert.NotSame(policy, PinnedServers.Policy(server, new Fingerprint(new byte[Fingerprint.Size])));
    }

    [Fact]
    public void servers_that_nobody_uses_any_more_are_forgotten()
    {
        var bytes = new byte[Fingerprint.Size];
        for (var i = 0; i < 10_000; i++)
        {
            SystemEntropy.Instance.Fill(bytes);
            var fingerprint = new Fingerprint(bytes);
            Assert.Equal(fingerprint, PinnedServers.Policy(fingerprint, next: null).ExpectedFingerprint);
            if (i % 500 == 0)
            {
                GC.Collect();
            }
        }

        Assert.InRange(PinnedServers.Count, 1, 5_000);
    }
}
