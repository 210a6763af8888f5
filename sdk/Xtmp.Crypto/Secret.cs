using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>Where keys live: pinned arrays, which the garbage collector never copies, so that erasing one leaves no other.</summary>
[SecretHandling]
internal static class Secret
{
    /// <summary>An array that stays where it is. Its content is undefined: the owner fills all of it, and erases it when done.</summary>
    public static T[] Allocate<T>(int length)
        where T : unmanaged => GC.AllocateUninitializedArray<T>(length, pinned: true);

    /// <summary>A pinned copy.</summary>
    public static byte[] Copy(ReadOnlySpan<byte> source)
    {
        byte[] copy = Allocate<byte>(source.Length);
        source.CopyTo(copy);
        return copy;
    }

    /// <summary>A failure here is a broken native library or lack of memory, never a peer's doing.</summary>
    public static void Require(bool success, [CallerMemberName] string operation = "")
    {
        if (!success)
        {
            throw new CryptographicException($"The native cryptographic library failed in {operation}.");
        }
    }
}
