using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The secrets that live as long as the session: ms, exporter, res, and the transcript hash rekeys go on from.</summary>
internal sealed class SessionSecrets : IDisposable
{
    private const int Size = KeyDerivation.SecretSize;
    private readonly byte[] _block = GC.AllocateArray<byte>(4 * Size, pinned: true);

    private Span<byte> Master => _block.AsSpan(0, Size);

    private Span<byte> Exporter => _block.AsSpan(Size, Size);

    private Span<byte> Resumption => _block.AsSpan(2 * Size, Size);

    private Span<byte> Hash => _block.AsSpan(3 * Size, Size);

    /// <summary>Takes ms from the handshake, at TH(..server Finished).</summary>
    public void SetMaster(HandshakeSecrets handshake, ReadOnlySpan<byte> serverFinishedHash)
    {
        handshake.DeriveMaster(Master);
        serverFinishedHash.CopyTo(Hash);
    }

    /// <summary>Fixes exporter and res at TH(..client Finished).</summary>
    public void Complete(ReadOnlySpan<byte> clientFinishedHash)
    {
        KeyDerivation.Expand(Master, "exp"u8, clientFinishedHash, Exporter);
        KeyDerivation.Expand(Master, "res"u8, clientFinishedHash, Resumption);
        clientFinishedHash.CopyTo(Hash);
    }

    /// <summary>Record keys of both directions of one transport, from the secrets as they are now.</summary>
    public (TrafficKeys Send, TrafficKeys Receive) DeriveKeys(PeerRole role, ReadOnlySpan<byte> clientLabel, ReadOnlySpan<byte> serverLabel, EncryptionType type, uint epoch)
    {
        var client = DeriveKeys(clientLabel, type, epoch);
        var server = DeriveKeys(serverLabel, type, epoch);
        return role == PeerRole.Client ? (client, server) : (server, client);
    }

    /// <summary>Keying material for the application (SPEC §2, key schedule).</summary>
    public void Export(string label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Span<byte> bytes = stackalloc byte[label.Length];
        System.Text.Encoding.ASCII.GetBytes(label, bytes);
        KeyDerivation.Export(Exporter, bytes, context, output);
    }

    /// <summary>psk = L(res, "psk", ticket_nonce, 48).</summary>
    public void DerivePsk(ReadOnlySpan<byte> ticketNonce, Span<byte> psk) =>
        KeyDerivation.Expand(Resumption, "psk"u8, ticketNonce, psk);

    /// <summary>
    /// TH' = H(TH ‖ entry(Rekey) ‖ entry(RekeyAck)); ms' = Extract(L(ms, "rk", TH', 48), ikm'); res anew; old ms erased.
    /// </summary>
    public void Rekey(ReadOnlySpan<byte> rekey, ReadOnlySpan<byte> rekeyAck, ReadOnlySpan<byte> agreement)
    {
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384))
        {
            Span<byte> header = stackalloc byte[Transcript.EntryHeaderSize];
            hash.AppendData(Hash);
            Transcript.WriteEntryHeader(header, FrameCode.Rekey, rekey.Length);
            hash.AppendData(header);
            hash.AppendData(rekey);
            Transcript.WriteEntryHeader(header, FrameCode.RekeyAck, rekeyAck.Length);
            hash.AppendData(header);
            hash.AppendData(rekeyAck);
            hash.GetHashAndReset(Hash);
        }

        Span<byte> next = stackalloc byte[Size];
        KeyDerivation.Advance(Master, "rk"u8, Hash, agreement, next);
        next.CopyTo(Master);
        CryptographicOperations.ZeroMemory(next);
        KeyDerivation.Expand(Master, "res"u8, Hash, Resumption);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_block);

    private TrafficKeys DeriveKeys(ReadOnlySpan<byte> label, EncryptionType type, uint epoch)
    {
        Span<byte> secret = stackalloc byte[Size];
        KeyDerivation.Expand(Master, label, Hash, secret);
        var keys = new TrafficKeys(secret, type, epoch);
        CryptographicOperations.ZeroMemory(secret);
        return keys;
    }
}
