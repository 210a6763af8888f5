using System.Reflection;
using System.Text;
using Xtmp.Crypto;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>No secret in anything that ends up in a log: ToString, exceptions, close texts, event texts.</summary>
public sealed class SecrecyTests
{
    [Fact]
    public void no_text_of_a_session_holds_a_secret()
    {
        using var ring = new TicketKeyRing(new SeededEntropy("ring"u8));
        using var pair = new SessionPair(PairOptions.FreshClient(), PairOptions.Server with { TicketKeys = ring });
        pair.Run();
        pair.Client.Session.SendRequest(0x10, "correct horse battery staple"u8, default);
        pair.Run();
        var secrets = Secrets(pair.Client.Session).Concat(Secrets(pair.Server.Session)).ToArray();
        Assert.True(secrets.Length >= 8, $"only {secrets.Length} secrets were found to look for");

        var texts = new StringBuilder();
        foreach (var end in new[] { pair.Client, pair.Server })
        {
            texts.AppendLine(end.Session.ToString());
            texts.AppendLine(end.Session.Established!.ToString());
            texts.AppendLine(end.Session.SendKeys().ToString());
            texts.AppendLine(end.Session.Statistics.ToString());
            foreach (var recorded in end.Events)
            {
                texts.AppendLine(recorded.Detail?.ToString());
            }
        }

        var frame = new byte[2000];
        pair.Server.Session.HandleInput(frame, pair.Clock.Now);
        pair.Server.Drain();
        texts.AppendLine(pair.Server.Session.Close!.ToString());
        texts.AppendLine(pair.Server.Session.Close.ToException().ToString());
        var all = texts.ToString();
        Assert.Contains("session", all);
        foreach (var secret in secrets)
        {
            for (var offset = 0; offset + 8 <= secret.Length; offset += 8)
            {
                var part = secret.AsSpan(offset, 8);
                Assert.DoesNotContain(Convert.ToHexString(part), all, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain(Convert.ToBase64String(part)[..10], all, StringComparison.Ordinal);
            }
        }

        Assert.DoesNotContain("battery", all, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void an_event_shows_its_payload_to_nobody()
    {
        using var pair = ExchangeTests.Established();
        string? text = null;
        pair.Server.OnEvent = (_, e) => text = e.ToString();
        pair.Client.Session.SendOneWay(0x10, "battery"u8, default);
        pair.Run();
        Assert.Equal("OneWay code 0x10 exchange 0", text);
    }

    [Fact]
    public void disposing_erases_what_a_session_keeps()
    {
        var pair = ExchangeTests.Established();
        var blocks = Blocks(pair.Client.Session).ToArray();
        Assert.Contains(blocks, block => block.AsSpan().ContainsAnyExcept((byte)0));
        pair.Dispose();
        Assert.All(blocks, block => Assert.False(block.AsSpan().ContainsAnyExcept((byte)0)));
    }

    private static IEnumerable<byte[]> Secrets(XtmpSession session) =>
        Blocks(session).SelectMany(block => block.Chunk(KeyDerivation.SecretSize)).Where(secret => secret.AsSpan().ContainsAnyExcept((byte)0));

    private static IEnumerable<byte[]> Blocks(XtmpSession session)
    {
        var secrets = session.Secrets();
        yield return (byte[])typeof(SessionSecrets).GetField("_block", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(secrets)!;
    }
}
