using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// The server keys that seal tickets: one that seals, and earlier ones that still open. Safe for concurrent use; shared
/// by all sessions of a silo, and by <see cref="Rotate(ReadOnlySpan{byte})"/> with the same secret by the silos of a
/// cluster. Rotate at least as often as tickets expire; with random nonces one key is good for 2^32 tickets.
/// </summary>
public sealed class TicketKeyRing : IDisposable
{
    /// <summary>How many keys open tickets, the sealing one included.</summary>
    public const int KeptKeys = 3;

    /// <summary>Bytes of a ring secret: what silos share to make the same key.</summary>
    public const int SecretSize = 32;

    internal const int IdSize = 16;
    internal const int Overhead = IdSize + RecordCipher.NonceSize + RecordCipher.TagSize;
    private readonly Lock _gate = new();
    private readonly List<Entry> _keys = [];

    /// <summary>A ring with one fresh key.</summary>
    public TicketKeyRing(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Rotate(entropy);
    }

    /// <summary>Makes a fresh key the sealing one; the <see cref="KeptKeys"/> latest still open tickets.</summary>
    public void Rotate(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> secret = stackalloc byte[SecretSize];
        entropy.Fill(secret);
        Rotate(secret);
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>Makes the key of a shared 32-byte secret the sealing one; the same secret gives the same key everywhere.</summary>
    public void Rotate(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != SecretSize)
        {
            throw new ArgumentException($"A ring secret has {SecretSize} bytes.", nameof(secret));
        }

        Span<byte> prk = stackalloc byte[Hkdf.Sha384Size];
        Span<byte> key = stackalloc byte[RecordCipher.KeySize];
        Span<byte> id = stackalloc byte[IdSize];
        Hkdf.ExtractSha384("XTMP1 ticket ring"u8, secret, prk);
        KeyDerivation.Expand(prk, "key"u8, default, key);
        KeyDerivation.Expand(prk, "kid"u8, default, id);
        lock (_gate)
        {
            _keys.Insert(0, new Entry(id.ToArray(), RecordCipher.CreateAes256Gcm(key)));
            while (_keys.Count > KeptKeys)
            {
                _keys[^1].Cipher.Dispose();
                _keys.RemoveAt(_keys.Count - 1);
            }
        }

        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Seals contents as <c>key id[16] ‖ nonce[12] ‖ ciphertext ‖ tag[16]</c>; returns the length.</summary>
    internal int Seal(ReadOnlySpan<byte> contents, IEntropy entropy, Span<byte> destination)
    {
        var nonce = destination.Slice(IdSize, RecordCipher.NonceSize);
        entropy.Fill(nonce);
        lock (_gate)
        {
            var entry = _keys[0];
            entry.Id.CopyTo(destination);
            var body = destination[(IdSize + RecordCipher.NonceSize)..];
            entry.Cipher.Seal(nonce, contents, body[..contents.Length], body.Slice(contents.Length, RecordCipher.TagSize), entry.Id);
        }

        return contents.Length + Overhead;
    }

    /// <summary>Opens a ticket; the contents' length, or -1 when it is not of this ring.</summary>
    internal int Open(ReadOnlySpan<byte> ticket, Span<byte> contents)
    {
        var length = ticket.Length - Overhead;
        if (length < 0 || length > contents.Length)
        {
            return -1;
        }

        lock (_gate)
        {
            foreach (var entry in _keys)
            {
                if (ticket[..IdSize].SequenceEqual(entry.Id))
                {
                    var body = ticket.Slice(IdSize + RecordCipher.NonceSize, length);
                    return entry.Cipher.TryOpen(ticket.Slice(IdSize, RecordCipher.NonceSize), body, ticket[^RecordCipher.TagSize..], contents[..length], entry.Id) ? length : -1;
                }
            }
        }

        return -1;
    }

    /// <summary>Erases all keys.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _keys)
            {
                entry.Cipher.Dispose();
            }

            _keys.Clear();
        }
    }

    private readonly record struct Entry(byte[] Id, RecordCipher Cipher);
}
