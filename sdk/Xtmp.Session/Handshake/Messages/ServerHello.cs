using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>HandshakeAck 0x02: [random, suite, AEAD, session_id, ct, X25519 share, resumed].</summary>
internal ref struct ServerHello
{
    public const int MaxLength = 2048;

    public ReadOnlySpan<byte> Random;
    public byte Suite;
    public byte Encryption;
    public ulong SessionId;
    public ReadOnlySpan<byte> Ciphertext;
    public ReadOnlySpan<byte> Share;
    public bool Resumed;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ServerHello hello)
    {
        hello = default;
        var reader = new WireReader(payload);
        reader.Array(7);
        hello.Random = reader.Bytes(HandshakeLimits.RandomSize);
        hello.Suite = reader.Byte();
        hello.Encryption = reader.Byte();
        hello.SessionId = reader.Unsigned();
        hello.Ciphertext = reader.Bytes(MlKem1024.CiphertextSize);
        hello.Share = reader.Bytes(X25519.KeySize);
        hello.Resumed = reader.Boolean();
        return reader.IsComplete;
    }

    public readonly int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Array(7);
        writer.Bytes(Random);
        writer.Unsigned(Suite);
        writer.Unsigned(Encryption);
        writer.Unsigned(SessionId);
        writer.Bytes(Ciphertext);
        writer.Bytes(Share);
        writer.Boolean(Resumed);
        return writer.Length;
    }
}
