using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Fuzz;

/// <summary>Tickets: what is inside a sealed one, and whatever a client sends in place of one.</summary>
internal static class TicketTarget
{
    private static readonly TicketKeyRing Ring = new(new byte[TicketKeyRing.SecretSize]);
    private static readonly Instant Now = new(TimeSpan.FromDays(1), DateTimeOffset.UnixEpoch.AddDays(20_000));

    public static IEnumerable<byte[]> Seeds()
    {
        yield return Contents(null);
        yield return Contents(new Fingerprint(new byte[32]));
        var opened = new byte[Mutator.MaxLength];
        var ticket = new byte[Mutator.MaxLength];
        var length = Ring.Seal(Contents(null), new ZeroEntropy(), Now, ticket);
        Find.Unless(length > 0 && Ring.Open(ticket.AsSpan(0, length), Now, opened) == length - TicketKeyRing.Overhead, "A ticket of this ring opens.");
        yield return ticket[..length];
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (TicketContents.TryRead(input, out var contents))
        {
            Span<byte> again = stackalloc byte[Mutator.MaxLength];
            var length = contents.Write(again);
            Find.Unless(TicketContents.TryRead(again[..length], out var second) && second.ServerFingerprint == contents.ServerFingerprint && second.ExpiresAt == contents.ExpiresAt, "What was read is written to be read.");
        }

        Span<byte> opened = stackalloc byte[TicketContents.MaxLength];
        var size = Ring.Open(input, Now, opened);
        Find.Unless(size < 0 || TicketContents.TryRead(opened[..size], out _), "Only what was sealed opens.");
    }

    private static byte[] Contents(Fingerprint? client)
    {
        var buffer = new byte[TicketContents.MaxLength];
        var contents = new TicketContents
        {
            Encryption = Protocol.EncryptionType.Aes256Gcm,
            ServerName = "silo.example",
            ServerFingerprint = new Fingerprint(new byte[32]),
            ClientFingerprint = client,
            ClientPolicy = client is null ? null : "any",
            SignedAt = Now.Wall,
            ExpiresAt = Now.Wall.AddHours(1),
            Psk = new byte[48],
        };
        return buffer[..contents.Write(buffer)];
    }

    private sealed class ZeroEntropy : IEntropy
    {
        public void Fill(Span<byte> destination) => destination.Clear();
    }
}
