using System.Reflection;
using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>The functions of OpenSSL 3's libcrypto that this room calls; names and meaning are OpenSSL's.</summary>
[PublicData("Declares and loads foreign functions.")]
internal static partial class LibCrypto
{
    /// <summary>NID of X25519.</summary>
    public const int X25519 = 1034;

    /// <summary>NID of Ed25519.</summary>
    public const int Ed25519 = 1087;

    /// <summary>EVP_CTRL_AEAD_GET_TAG.</summary>
    public const int GetTag = 0x10;

    /// <summary>EVP_CTRL_AEAD_SET_TAG.</summary>
    public const int SetTag = 0x11;

    private const string Library = "libcrypto";

    private static readonly string[] s_names = OperatingSystem.IsWindows()
        ? ["libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-3.dll"]
        : OperatingSystem.IsMacOS()
            ? ["libcrypto.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib"]
            : ["libcrypto.so.3", "libcrypto.so"];

    /// <summary>Whether libcrypto of OpenSSL 3 can be loaded here.</summary>
    public static bool IsAvailable { get; } = TryLoad(out _);

    /// <summary>Whether SHA-384 can be called by name: since OpenSSL 3.0 a build may leave these functions out.</summary>
    public static bool HasSha384 { get; } = HasExports("SHA384_Init", "SHA384_Update", "SHA384_Final");

    // The resolver belongs to the assembly and must stand before the first call into the library.
    static LibCrypto() => NativeLibrary.SetDllImportResolver(typeof(LibCrypto).Assembly, Resolve);

    [LibraryImport(Library)]
    public static unsafe partial SafeEvpKey EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static unsafe partial SafeEvpKey EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_PKEY_get_raw_public_key(SafeEvpKey key, byte* destination, ref nuint length);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    public static partial SafeEvpKeyContext EVP_PKEY_CTX_new(SafeEvpKey key, nint engine);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_derive_init(SafeEvpKeyContext context);

    [LibraryImport(Library)]
    public static partial int EVP_PKEY_derive_set_peer(SafeEvpKeyContext context, SafeEvpKey peer);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_PKEY_derive(SafeEvpKeyContext context, byte* secret, ref nuint length);

    [LibraryImport(Library)]
    public static partial SafeEvpDigestContext EVP_MD_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial int EVP_DigestSignInit(SafeEvpDigestContext context, nint keyContext, nint digest, nint engine, SafeEvpKey key);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_DigestSign(SafeEvpDigestContext context, byte* signature, ref nuint signatureLength, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int EVP_DigestVerifyInit(SafeEvpDigestContext context, nint keyContext, nint digest, nint engine, SafeEvpKey key);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_DigestVerify(SafeEvpDigestContext context, byte* signature, nuint signatureLength, byte* data, nuint length);

    [LibraryImport(Library)]
    public static unsafe partial int SHA384_Init(byte* context);

    [LibraryImport(Library)]
    public static unsafe partial int SHA384_Update(byte* context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static unsafe partial int SHA384_Final(byte* hash, byte* context);

    [LibraryImport(Library)]
    public static partial nint EVP_aes_256_gcm();

    [LibraryImport(Library)]
    public static partial nint EVP_chacha20_poly1305();

    [LibraryImport(Library)]
    public static partial SafeEvpCipherContext EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    public static partial void EVP_CIPHER_CTX_free(nint context);

    // The calls of one record take the bare pointer: their caller holds the handle over all of them.
    [LibraryImport(Library)]
    public static unsafe partial int EVP_CipherInit_ex(nint context, nint cipher, nint engine, byte* key, byte* nonce, int encrypt);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_CipherUpdate(nint context, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_CipherFinal_ex(nint context, byte* output, int* outputLength);

    [LibraryImport(Library)]
    public static unsafe partial int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, byte* pointer);

    [LibraryImport(Library)]
    public static partial void ERR_clear_error();

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }

        return TryLoad(out nint handle) ? handle : throw new LibCryptoMissingException(s_names);
    }

    private static bool HasExports(params ReadOnlySpan<string> functions)
    {
        if (!TryLoad(out nint handle))
        {
            return false;
        }

        foreach (string function in functions)
        {
            if (!NativeLibrary.TryGetExport(handle, function, out _))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryLoad(out nint handle)
    {
        foreach (string name in s_names)
        {
            // A libcrypto.so may be of OpenSSL 1.1, whose calls differ; this function came with 3.0.
            if (NativeLibrary.TryLoad(name, out handle))
            {
                if (NativeLibrary.TryGetExport(handle, "EVP_PKEY_get0_type_name", out _))
                {
                    return true;
                }

                NativeLibrary.Free(handle);
            }
        }

        handle = 0;
        return false;
    }
}
