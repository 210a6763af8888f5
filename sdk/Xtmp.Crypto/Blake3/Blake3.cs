using System.Text;

namespace Xtmp.Crypto;

/// <summary>
/// BLAKE3: hash, keyed hash and key derivation, output of any length, input in any pieces. The one-shot forms allocate
/// nothing. An instance is used by one thread at a time.
/// </summary>
[SecretHandling]
public sealed class Blake3 : IDisposable
{
    /// <summary>The customary output in bytes; any length can be had.</summary>
    public const int HashSize = 32;

    /// <summary>A key of the keyed hash in bytes.</summary>
    public const int KeySize = 32;

    private Blake3State _state;

    private Blake3(in Blake3State state) => _state = state;

    /// <summary>An incremental hash.</summary>
    public static Blake3 Create() => new(Blake3State.ForHash());

    /// <summary>An incremental keyed hash (a MAC or PRF) with a key of 32 bytes.</summary>
    public static Blake3 CreateKeyed(ReadOnlySpan<byte> key)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        return new Blake3(Blake3State.ForKey(key));
    }

    /// <summary>
    /// An incremental key derivation: <paramref name="context"/> is a constant of the application, globally unique; what
    /// is appended is the key material.
    /// </summary>
    public static Blake3 CreateDeriveKey(string context) => new(Blake3State.ForDerivation(Encoding.UTF8.GetBytes(context)));

    /// <summary>Hash of <paramref name="data"/>, of the destination's length.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> destination) =>
        Run(Blake3State.ForHash(), data, destination);

    /// <summary>Keyed hash with a key of 32 bytes, of the destination's length.</summary>
    public static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        Run(Blake3State.ForKey(key), data, destination);
    }

    /// <summary>A key of the destination's length from key material, under a context in UTF-8.</summary>
    public static void DeriveKey(ReadOnlySpan<byte> context, ReadOnlySpan<byte> keyMaterial, Span<byte> destination) =>
        Run(Blake3State.ForDerivation(context), keyMaterial, destination);

    /// <summary>Adds to the input.</summary>
    public void Append(ReadOnlySpan<byte> data) => _state.Append(data);

    /// <summary>
    /// Output from byte <paramref name="offset"/> of the endless stream on; may be called repeatedly, and more input may
    /// follow.
    /// </summary>
    public void GetOutput(Span<byte> destination, ulong offset = 0) => _state.Finish(destination, offset);

    /// <summary>Back to empty input with the same key.</summary>
    public void Reset() => _state.Reset();

    /// <summary>Erases key and state.</summary>
    public void Dispose() => _state.Erase();

    private static void Run(Blake3State state, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        state.Append(data);
        state.Finish(destination, 0);
        state.Erase();
    }
}
