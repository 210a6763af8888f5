using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer.Tests;

/// <summary>Seats with real keys, and a table of them.</summary>
internal sealed class TestTable
{
    public static readonly DateTimeOffset Opened = DateTimeOffset.UnixEpoch.AddYears(55);

    public TestTable(int seats, GameKind? kind = null, bool postQuantum = false, int witnesses = 0)
    {
        var postQuantumKeys = Enumerable.Range(0, seats).Select(number => postQuantum ? MlDsa87PrivateKey.FromSeed(Seed(number)) : null).ToArray();
        Keys = [.. Enumerable.Range(0, seats).Select(number => Ed25519PrivateKey.FromSeed(Seed(number)))];
        Secrets = [.. Keys.Select((key, number) => PeerSecrets.Of(key, Seed(number + 100), postQuantumKeys[number]))];
        Genesis = TableState.Open(
            Enumerable.Repeat((byte)7, 16).ToArray(),
            kind ?? CrapsTable.Kind,
            [.. Secrets.Select((secret, number) => SeatOf(number, postQuantumKeys[number], witness: number >= seats - witnesses))],
            [.. Enumerable.Range(0, seats).Select(number => number >= seats - witnesses ? 0UL : 1_000UL)],
            10_000,
            Opened,
            postQuantum);
    }

    public IReadOnlyList<Ed25519PrivateKey> Keys { get; }

    public IReadOnlyList<PeerSecrets> Secrets { get; }

    public TableState Genesis { get; init; }

    public static byte[] Seed(int number) => Enumerable.Repeat((byte)(number + 1), 32).ToArray();

    public static byte[] PublicOf(Ed25519PrivateKey key)
    {
        var bytes = new byte[32];
        key.WritePublicKey(bytes);
        return bytes;
    }

    private Seat SeatOf(int number, MlDsa87PrivateKey? postQuantum, bool witness)
    {
        byte[]? second = null;
        if (postQuantum is not null)
        {
            second = new byte[2592];
            postQuantum.WritePublicKey(second);
        }

        return new Seat
        {
            Number = (byte)number,
            Peer = Secrets[number].PeerId,
            Ed25519Key = PublicOf(Keys[number]),
            Witness = witness,
            DealKey = Secrets[number].DealKey,
            PostQuantumKey = second is null ? default(ReadOnlyMemory<byte>?) : second,
        };
    }
}
