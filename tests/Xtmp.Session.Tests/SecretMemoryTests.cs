using System.Reflection;

namespace Xtmp.Session.Tests;

public sealed class SecretMemoryTests
{
    /// <summary>The pinned heap counts as the oldest generation, in which no small array begins its life.</summary>
    [Fact]
    public void secrets_of_sessions_and_tickets_are_pinned()
    {
        using var ring = new TicketKeyRing(new byte[TicketKeyRing.SecretSize]);
        using var handshake = new HandshakeSecrets(default);
        using var session = new SessionSecrets();
        (object Owner, string Field)[] secrets = [(ring, "_secret"), (handshake, "_block"), (session, "_block")];
        foreach (var (owner, field) in secrets)
        {
            var array = (byte[])owner.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;
            Assert.True(GC.GetGeneration(array) == GC.MaxGeneration, $"The collector may copy {owner.GetType().Name}.{field}.");
        }

        Assert.NotEqual(GC.MaxGeneration, GC.GetGeneration(new byte[32]));
    }
}
