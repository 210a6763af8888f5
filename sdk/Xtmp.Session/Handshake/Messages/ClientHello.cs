using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Handshake 0x01: MessagePack ‖ binder[48] ‖ mac1[32]. The MessagePack part is [versions, suites, AEADs by preference,
/// random, ek, X25519 share, server name or nil, known server fingerprint or nil, ticket or nil, schema fingerprint or
/// nil, extensions {number: bytes}].
/// </summary>
internal ref struct ClientHello
{
    private const int Fields = 11;
    private const int TailSize = HandshakeLimits.BinderSize + HandshakeLimits.Mac1Size;

    public bool OffersVersion;
    public bool OffersSuite;

    /// <summary>Encryption types in the client's order of preference, one byte each.</summary>
    public InlineList Encryption;
    public ReadOnlySpan<byte> Random;
    public ReadOnlySpan<byte> EncapsulationKey;
    public ReadOnlySpan<byte> Share;
    public string? ServerName;

    /// <summary>32 bytes, or empty.</summary>
    public ReadOnlySpan<byte> KnownServer;
    public ReadOnlySpan<byte> Ticket;
    public ReadOnlySpan<byte> SchemaFingerprint;
    public AnnouncedLimits Limits;
    public bool WantsDatagrams;

    /// <summary>A <see cref="SchemaList"/>, or empty.</summary>
    public ReadOnlySpan<byte> Schemas;

    /// <summary>The MessagePack part, for the binder.</summary>
    public ReadOnlySpan<byte> Body;
    public ReadOnlySpan<byte> Binder;
    public ReadOnlySpan<byte> Mac1;

    /// <summary>What mac1 covers: the MessagePack part and the binder.</summary>
    public ReadOnlySpan<byte> Mac1Input;

    [System.Runtime.CompilerServices.InlineArray(HandshakeLimits.MaxListed)]
    public struct InlineList
    {
        private byte _first;
    }

    /// <summary>Largest length of a hello this end writes.</summary>
    public static int MaxLength(int ticketLength) => 4096 + ticketLength;

    /// <summary>Splits binder and mac1 off, without reading the rest: all that is needed to check mac1.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> payload, out ClientHello hello)
    {
        hello = default;
        if (payload.Length <= TailSize)
        {
            return false;
        }

        hello.Body = payload[..^TailSize];
        hello.Mac1Input = payload[..^HandshakeLimits.Mac1Size];
        hello.Binder = hello.Mac1Input[^HandshakeLimits.BinderSize..];
        hello.Mac1 = payload[^HandshakeLimits.Mac1Size..];
        return true;
    }

    /// <summary>Reads the MessagePack part; false when it is anything but the canonical layout.</summary>
    public bool TryReadBody()
    {
        var reader = new WireReader(Body);
        reader.Array(Fields);
        var count = reader.Count(HandshakeLimits.MaxListed);
        for (var i = 0; i < count; i++)
        {
            OffersVersion |= reader.Byte() == FrameLayout.Version;
        }

        count = reader.Count(HandshakeLimits.MaxListed);
        for (var i = 0; i < count; i++)
        {
            OffersSuite |= reader.Byte() == (byte)CipherSuite.X25519MlKem1024;
        }

        count = reader.Count(HandshakeLimits.MaxListed);
        for (var i = 0; i < count; i++)
        {
            Encryption[i] = reader.Byte();
        }

        Random = reader.Bytes(HandshakeLimits.RandomSize);
        EncapsulationKey = reader.Bytes(MlKem1024.EncapsulationKeySize);
        Share = reader.Bytes(X25519.KeySize);
        ServerName = reader.TextOrNil(HandshakeLimits.MaxNameBytes);
        KnownServer = reader.IsNil() ? default : reader.Bytes(Fingerprint.Size);
        Ticket = reader.IsNil() ? default : reader.BytesUpTo(HandshakeLimits.MaxTicketBytes);
        SchemaFingerprint = reader.IsNil() ? default : reader.Bytes(HandshakeLimits.SchemaFingerprintSize);
        ReadExtensions(ref reader);
        return reader.IsComplete;
    }

    /// <summary>Writes the MessagePack part and leaves room for binder and mac1; returns the whole length.</summary>
    public static int Write(Span<byte> destination, ClientSessionOptions options, ReadOnlySpan<byte> random, ClientShares shares, Fingerprint? known, SessionTicket? ticket)
    {
        var writer = new WireWriter(destination[..^TailSize]);
        writer.Array(Fields);
        writer.Array(1);
        writer.Unsigned(FrameLayout.Version);
        writer.Array(1);
        writer.Unsigned((ulong)CipherSuite.X25519MlKem1024);
        writer.Array(options.EncryptionTypes.Length);
        foreach (var type in options.EncryptionTypes)
        {
            writer.Unsigned((ulong)type);
        }

        writer.Bytes(random);
        writer.Bytes(shares.EncapsulationKey);
        writer.Bytes(shares.Share);
        writer.TextOrNil(options.ServerName);
        writer.BytesOrNil(known?.ToArray());
        writer.BytesOrNil(ticket is null ? default : ticket.Sealed);
        writer.BytesOrNil(options.SchemaFingerprint.Span);
        writer.Map(1 + (options.EnableDatagrams ? 1 : 0) + (options.Schemas.Count > 0 ? 1 : 0));
        writer.Unsigned(HelloExtension.Limits);
        Span<byte> limits = stackalloc byte[64];
        var nested = new WireWriter(limits);
        AnnouncedLimits.From(options.Limits).Write(ref nested);
        writer.Bytes(limits[..nested.Length]);
        if (options.EnableDatagrams)
        {
            writer.Unsigned(HelloExtension.Datagrams);
            writer.Bytes(default);
        }

        if (options.Schemas.Count > 0)
        {
            writer.Unsigned(HelloExtension.Schemas);
            Span<byte> schemas = stackalloc byte[SchemaList.MaxBytes];
            writer.Bytes(schemas[..SchemaList.Write(schemas, options.Schemas)]);
        }

        destination.Slice(writer.Length, TailSize).Clear();
        return writer.Length + TailSize;
    }

    /// <summary>H(T) of a hello: entry header with the full length, then the MessagePack part.</summary>
    public static void HashForBinder(ReadOnlySpan<byte> payload, Span<byte> hash)
    {
        using var incremental = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        Span<byte> header = stackalloc byte[Transcript.EntryHeaderSize];
        Transcript.WriteEntryHeader(header, FrameCode.Handshake, payload.Length);
        incremental.AppendData(header);
        incremental.AppendData(payload[..^TailSize]);
        incremental.GetHashAndReset(hash);
    }

    /// <summary>mac1 = HMAC-SHA-256(SHA-256("XTMP1 mac1" ‖ server fingerprint), MessagePack ‖ binder).</summary>
    public static void ComputeMac1(Fingerprint server, ReadOnlySpan<byte> input, Span<byte> mac)
    {
        Span<byte> material = stackalloc byte[10 + Fingerprint.Size];
        Labels.Mac1.CopyTo(material);
        server.CopyTo(material[10..]);
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(material, key);
        HMACSHA256.HashData(key, input, mac);
    }

    private void ReadExtensions(ref WireReader reader)
    {
        Limits = AnnouncedLimits.Default;
        var count = reader.Map(HandshakeLimits.MaxExtensions);
        var previous = -1L;
        for (var i = 0; i < count && !reader.Failed; i++)
        {
            var number = (long)reader.Unsigned(ushort.MaxValue);
            reader.Require(number > previous);
            previous = number;
            var value = reader.BytesUpTo(HandshakeLimits.MaxExtensionBytes);
            switch ((ulong)number)
            {
                case HelloExtension.Limits:
                    var nested = new WireReader(value);
                    Limits = AnnouncedLimits.Read(ref nested);
                    reader.Require(nested.IsComplete);
                    break;
                case HelloExtension.Datagrams:
                    reader.Require(value.IsEmpty);
                    WantsDatagrams = true;
                    break;
                case HelloExtension.Schemas:
                    reader.Require(SchemaList.IsValid(value));
                    Schemas = value;
                    break;
            }
        }
    }
}
