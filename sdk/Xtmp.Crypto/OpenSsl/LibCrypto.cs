using System.Reflection;
using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>
/// The functions of OpenSSL 3's libcrypto that this project calls where the library is at hand; names and meaning are
/// OpenSSL's. Nothing needs it: the framework's own classes take its place elsewhere.
/// </summary>
[PublicData("Declares and loads foreign functions.")]
internal static partial class LibCrypto
{
    /// <summary>
    /// The AppContext switch that leaves libcrypto alone, so that AEAD and HMAC are the framework's. Read once, before
    /// the first use of either.
    /// </summary>
    public const string FrameworkOnlySwitch = "Xtmp.Crypto.FrameworkOnly";

    /// <summary>EVP_CTRL_AEAD_GET_TAG.</summary>
    public const int GetTag = 0x10;

    /// <summary>EVP_CTRL_AEAD_SET_TAG.</summary>
    public const int SetTag = 0x11;

    private const string Library = "libcrypto";

    private static readonly nint s_handle = Load();

    // The resolver belongs to the assembly and must stand before the first call into the library.
    static LibCrypto() => NativeLibrary.SetDllImportResolver(typeof(LibCrypto).Assembly, Resolve);

    /// <summary>Whether libcrypto of OpenSSL 3 is used here.</summary>
    public static bool IsAvailable => s_handle != 0;

    /// <summary>Whether SHA-384 can be called by name: since OpenSSL 3.0 a build may leave these functions out.</summary>
    public static bool HasSha384 { get; } = HasExports("SHA384_Init", "SHA384_Update", "SHA384_Final");

    /// <summary>Whether SHA-256 can be called by name.</summary>
    public static bool HasSha256 { get; } = HasExports("SHA256_Init", "SHA256_Update", "SHA256_Final");

    // The first and the last call take a block or two: to tell the garbage collector of them costs as much as they do.
    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static unsafe partial int SHA256_Init(byte* context);

    [LibraryImport(Library)]
    public static unsafe partial int SHA256_Update(byte* context, byte* data, nuint length);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static unsafe partial int SHA256_Final(byte* hash, byte* context);

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

    /// <summary>
    /// What is tried, in this order. Windows and Apple systems bring no OpenSSL, and a library of that name found by searching
    /// could be anyone's: only full paths are tried there. On Linux the framework itself takes libcrypto from the system's
    /// loader.
    /// </summary>
    internal static string[] Candidates(bool isWindows, bool isMacOS) => (isWindows, isMacOS) switch
    {
        (true, _) => [],
        (_, true) => ["/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib"],
        _ => ["libcrypto.so.3"],
    };

    // Zero leaves the other libraries of this assembly to the runtime's own search.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name != Library ? 0 : IsAvailable ? s_handle : throw new DllNotFoundException("libcrypto is not used here: its caller must ask LibCrypto.IsAvailable.");

    private static bool HasExports(params ReadOnlySpan<string> functions)
    {
        foreach (string function in functions)
        {
            if (s_handle == 0 || !NativeLibrary.TryGetExport(s_handle, function, out _))
            {
                return false;
            }
        }

        return true;
    }

    private static nint Load()
    {
        if (AppContext.TryGetSwitch(FrameworkOnlySwitch, out bool frameworkOnly) && frameworkOnly)
        {
            return 0;
        }

        foreach (string name in Candidates(OperatingSystem.IsWindows(), OperatingSystem.IsMacOS()))
        {
            // This function came with OpenSSL 3.0, whose calls differ from those of 1.1.
            if (NativeLibrary.TryLoad(name, out nint handle))
            {
                if (NativeLibrary.TryGetExport(handle, "EVP_PKEY_get0_type_name", out _))
                {
                    return handle;
                }

                NativeLibrary.Free(handle);
            }
        }

        return 0;
    }
}
