using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>An EVP_CIPHER_CTX; libcrypto erases the key schedule when it frees it.</summary>
[PublicData("Releases a handle.")]
internal sealed class SafeEvpCipherContext() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }
}
