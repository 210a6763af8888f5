using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>An EVP_PKEY_CTX.</summary>
[PublicData("Releases a handle.")]
internal sealed class SafeEvpKeyContext() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_PKEY_CTX_free(handle);
        return true;
    }
}
