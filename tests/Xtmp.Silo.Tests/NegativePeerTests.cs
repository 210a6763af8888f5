using System.Net;
using System.Net.WebSockets;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Silo.Tests;

/// <summary>
/// A hostile peer on real sockets against one running silo: every attack by name, one after the other, while a
/// well-behaved client keeps calling. Each attack ends its own connection for the reason given, nobody else's.
/// </summary>
public sealed class NegativePeerTests(ITestOutputHelper output)
{
    // Well above what sixteen reassemblies may hold, well below what the bombs would take if anything believed them.
    private const long MaxGrowth = 256L * 1024 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task every_attack_ends_its_own_connection_and_nothing_else(bool webSocket)
    {
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Gateway = options.Gateway with { MaxHandshakesPerAddress = 100_000 },
            WebSocket = webSocket ? new IPEndPoint(IPAddress.Loopback, 0) : null,
        });
        await using var bystander = await silo.ConnectAsync();
        var attacks = HandshakeAttacks.All(silo.Host.Fingerprint).Concat(TicketAttacks.All(silo.Host.Fingerprint)).Concat(SessionAttacks.All()).ToArray();
        Assert.True(attacks.Length >= 60, $"{attacks.Length} attacks");
        Assert.Distinct(attacks.Select(attack => attack.Name));

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var wrong = new List<string>();
        foreach (var attack in attacks)
        {
            var outcome = await RunAsync(silo, attack, webSocket);
            output.WriteLine($"{attack.Name}: {outcome}");
            if (!outcome.Contains($"closed {attack.Reason} ", StringComparison.Ordinal))
            {
                wrong.Add($"{attack.Name}: expected {attack.Reason}: {outcome}");
            }

            var reply = await bystander.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
            Assert.Equal("nobody", reply.Name);
        }

        Assert.Empty(wrong);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxGrowth);
    }

    [Fact]
    public async Task a_flood_of_handshakes_is_told_to_wait_and_the_others_are_served()
    {
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Gateway = options.Gateway with { MaxHandshakesPerAddress = 20, HandshakeWindow = TimeSpan.FromMinutes(5) },
        });
        await using var bystander = await silo.ConnectAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 60).Select(async _ =>
        {
            try
            {
                await using var client = await silo.ConnectAsync();
                return XtmpErrorCode.None;
            }
            catch (XtmpException error)
            {
                return error.Code;
            }
        }));
        var counts = string.Join(", ", outcomes.CountBy(code => code).OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}"));
        Assert.Equal("None 19, Busy 41", counts);
        Assert.Equal("nobody", (await bystander.Registry.QueryAsync(new RegistryQuery { Name = "nobody" })).Name);
    }

    private static async Task<string> RunAsync(TestSilo silo, Attack attack, bool webSocket)
    {
        var ticket = attack.WithTicket ? await TicketAttacks.TakeTicketAsync(silo) : null;
        await using var peer = attack.Established ? await RawPeer.EstablishAsync(silo, webSocket: webSocket) : await RawPeer.ConnectAsync(silo, ticket: ticket, webSocket: webSocket);
        try
        {
            await peer.SendAsync(attack.Bytes(peer));
            if (attack.ThenEnds)
            {
                peer.EndSending();
            }
        }
        catch (Exception error) when (error is IOException or WebSocketException)
        {
            // The silo closed before it had read everything, as it may.
        }

        await peer.WaitForCloseAsync();
        return await silo.Log.WaitForAsync(line => line.Contains(peer.Address + " ", StringComparison.Ordinal) && line.Contains(" closed ", StringComparison.Ordinal), peer.LoggedBefore);
    }
}
