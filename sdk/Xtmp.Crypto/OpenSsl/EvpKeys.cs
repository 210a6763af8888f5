using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>Imports raw curve keys into libcrypto and turns its failures into exceptions that name the call.</summary>
[SecretHandling]
internal static unsafe class EvpKeys
{
    public static SafeEvpKey ImportPrivate(int type, ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            SafeEvpKey handle = LibCrypto.EVP_PKEY_new_raw_private_key(type, 0, bytes, (nuint)key.Length);
            Require(!handle.IsInvalid);
            return handle;
        }
    }

    /// <returns>False when libcrypto refuses the bytes as a key.</returns>
    public static bool TryImportPublic(int type, ReadOnlySpan<byte> key, out SafeEvpKey handle)
    {
        fixed (byte* bytes = key)
        {
            handle = LibCrypto.EVP_PKEY_new_raw_public_key(type, 0, bytes, (nuint)key.Length);
        }

        if (handle.IsInvalid)
        {
            LibCrypto.ERR_clear_error();
            return false;
        }

        return true;
    }

    public static void ExportPublic(SafeEvpKey key, Span<byte> destination)
    {
        fixed (byte* bytes = destination)
        {
            nuint length = (nuint)destination.Length;
            Require(LibCrypto.EVP_PKEY_get_raw_public_key(key, bytes, ref length) == 1 && length == (nuint)destination.Length);
        }
    }

    /// <summary>A failure here is a broken library or lack of memory, never a peer's doing.</summary>
    public static void Require(bool success, [CallerMemberName] string operation = "")
    {
        if (!success)
        {
            LibCrypto.ERR_clear_error();
            throw new CryptographicException($"libcrypto failed in {operation}.");
        }
    }
}
