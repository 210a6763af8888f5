using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>An EVP_PKEY; libcrypto erases private keys when it frees them.</summary>
[PublicData("Releases a handle.")]
internal sealed class SafeEvpKey() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_free(handle);
        return true;
    }
}
