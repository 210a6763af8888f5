using System.Buffers.Binary;
using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// The server keys that seal tickets, one for each period of the wall clock, made from one secret. A key seals during its
/// period and opens tickets during <see cref="OpenPeriods"/> more; then it is erased. A ring of its own draws a secret that
/// dies with the process, so that no ticket outlives a restart. A ring made from a configured secret gives the same keys at
/// every silo of a cluster and after a restart; whoever learns that secret can open the tickets sealed under it. Safe for
/// concurrent use.
/// </summary>
public sealed class TicketKeyRing : IDisposable
{
    /// <summary>Bytes of a ring secret: what silos share to make the same keys.</summary>
    public const int SecretSize = 32;

    /// <summary>How many periods back a ticket is still opened: with the default period more than any ticket's 24 hours.</summary>
    public const int OpenPeriods = 2;

    /// <summary>Tickets one key seals at most: with random nonces, 2^32 leaves a chance of 2^-33 that two are the same.</summary>
    public const long MaxTicketsPerKey = 1L << 32;

    internal const int IdSize = 16;
    internal const int Overhead = IdSize + RecordCipher.NonceSize + RecordCipher.TagSize;
    private readonly Lock _gate = new();
    private readonly byte[] _secret = GC.AllocateArray<byte>(Hkdf.Sha384Size, pinned: true);
    private readonly SortedList<long, Entry> _keys = [];
    private readonly TimeSpan _period;
    private readonly long _maxTicketsPerKey;
    private bool _disposed;

    /// <summary>A ring whose keys die with the process.</summary>
    /// <param name="entropy">Where its secret comes from.</param>
    /// <param name="period">How long one key seals; null: 12 hours. At least a minute.</param>
    public TicketKeyRing(IEntropy entropy, TimeSpan? period = null)
        : this(Draw(entropy, out var secret), period, MaxTicketsPerKey)
    {
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>A ring whose keys any silo with the same secret and period has too, after a restart as well.</summary>
    /// <param name="secret">32 random bytes.</param>
    /// <param name="period">How long one key seals; null: 12 hours. At least a minute.</param>
    public TicketKeyRing(ReadOnlySpan<byte> secret, TimeSpan? period = null)
        : this(secret, period, MaxTicketsPerKey)
    {
    }

    internal TicketKeyRing(ReadOnlySpan<byte> secret, TimeSpan? period, long maxTicketsPerKey)
    {
        if (secret.Length != SecretSize)
        {
            throw new ArgumentException($"A ring secret has {SecretSize} bytes.", nameof(secret));
        }

        _period = period ?? TimeSpan.FromHours(12);
        ArgumentOutOfRangeException.ThrowIfLessThan(_period, TimeSpan.FromMinutes(1), nameof(period));
        _maxTicketsPerKey = maxTicketsPerKey;
        Hkdf.ExtractSha384("XTMP1 ticket ring"u8, secret, _secret);
    }

    /// <summary>
    /// Seals contents as <c>key id[16] ‖ nonce[12] ‖ ciphertext ‖ tag[16]</c>; returns the length, or 0 where the period's key
    /// has sealed as many tickets as it may.
    /// </summary>
    internal int Seal(ReadOnlySpan<byte> contents, IEntropy entropy, Instant now, Span<byte> destination)
    {
        var nonce = destination.Slice(IdSize, RecordCipher.NonceSize);
        entropy.Fill(nonce);
        lock (_gate)
        {
            if (_disposed)
            {
                return 0;
            }

            var entry = KeyOf(PeriodOf(now));
            DropBefore(PeriodOf(now) - OpenPeriods);
            if (entry.Sealed++ >= _maxTicketsPerKey)
            {
                return 0;
            }

            entry.Id.CopyTo(destination);
            var body = destination[(IdSize + RecordCipher.NonceSize)..];
            entry.Cipher.Seal(nonce, contents, body[..contents.Length], body.Slice(contents.Length, RecordCipher.TagSize), entry.Id);
        }

        return contents.Length + Overhead;
    }

    /// <summary>Opens a ticket; the contents' length, or -1 when it is not of this ring or of a period too long ago.</summary>
    internal int Open(ReadOnlySpan<byte> ticket, Instant now, Span<byte> contents)
    {
        var length = ticket.Length - Overhead;
        if (length < 0 || length > contents.Length)
        {
            return -1;
        }

        lock (_gate)
        {
            // A silo whose clock is a little ahead may have sealed in the period to come.
            for (var period = PeriodOf(now) + 1; period >= PeriodOf(now) - OpenPeriods && !_disposed; period--)
            {
                var entry = KeyOf(period);
                if (ticket[..IdSize].SequenceEqual(entry.Id))
                {
                    var body = ticket.Slice(IdSize + RecordCipher.NonceSize, length);
                    return entry.Cipher.TryOpen(ticket.Slice(IdSize, RecordCipher.NonceSize), body, ticket[^RecordCipher.TagSize..], contents[..length], entry.Id) ? length : -1;
                }
            }
        }

        return -1;
    }

    /// <summary>The span in which the key that seals now does so.</summary>
    public (DateTimeOffset From, DateTimeOffset Until) PeriodAt(DateTimeOffset now)
    {
        var from = new DateTimeOffset(now.UtcTicks / _period.Ticks * _period.Ticks, TimeSpan.Zero);
        return (from, from + _period);
    }

    /// <summary>Erases keys that open no ticket any more, which otherwise stay until the next ticket is sealed.</summary>
    public void EraseOld(DateTimeOffset now)
    {
        lock (_gate)
        {
            DropBefore((now.UtcTicks / _period.Ticks) - OpenPeriods);
        }
    }

    /// <summary>Erases all keys and the secret: nothing is sealed or opened any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            DropBefore(long.MaxValue);
            CryptographicOperations.ZeroMemory(_secret);
        }
    }

    private long PeriodOf(Instant now) => now.Wall.UtcTicks / _period.Ticks;

    private Entry KeyOf(long period)
    {
        if (_keys.TryGetValue(period, out var known))
        {
            return known;
        }

        Span<byte> context = stackalloc byte[sizeof(long)];
        Span<byte> key = stackalloc byte[RecordCipher.KeySize];
        Span<byte> id = stackalloc byte[IdSize];
        BinaryPrimitives.WriteInt64BigEndian(context, period);
        KeyDerivation.Expand(_secret, "key"u8, context, key);
        KeyDerivation.Expand(_secret, "kid"u8, context, id);
        var entry = new Entry(id.ToArray(), RecordCipher.CreateAes256Gcm(key));
        CryptographicOperations.ZeroMemory(key);
        _keys.Add(period, entry);

        // A wall clock that jumps about must not fill the ring: what is furthest from this period goes.
        while (_keys.Count > 2 * (OpenPeriods + 2))
        {
            Drop(period - _keys.GetKeyAtIndex(0) > _keys.GetKeyAtIndex(_keys.Count - 1) - period ? 0 : _keys.Count - 1);
        }

        return entry;
    }

    private void DropBefore(long period)
    {
        while (_keys.Count > 0 && _keys.GetKeyAtIndex(0) < period)
        {
            Drop(0);
        }
    }

    private void Drop(int index)
    {
        _keys.GetValueAtIndex(index).Cipher.Dispose();
        _keys.RemoveAt(index);
    }

    private static ReadOnlySpan<byte> Draw(IEntropy entropy, out byte[] secret)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        secret = GC.AllocateArray<byte>(SecretSize, pinned: true);
        entropy.Fill(secret);
        return secret;
    }

    private sealed class Entry(byte[] id, RecordCipher cipher)
    {
        public byte[] Id { get; } = id;

        public RecordCipher Cipher { get; } = cipher;

        /// <summary>Tickets sealed so far by this process.</summary>
        public long Sealed { get; set; }
    }
}
