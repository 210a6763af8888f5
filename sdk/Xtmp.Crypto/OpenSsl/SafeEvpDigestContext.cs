using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>An EVP_MD_CTX.</summary>
[PublicData("Releases a handle.")]
internal sealed class SafeEvpDigestContext() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_MD_CTX_free(handle);
        return true;
    }
}
