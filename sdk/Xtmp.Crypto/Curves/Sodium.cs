using System.Runtime.InteropServices;
using System.Security.Cryptography;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]

namespace Xtmp.Crypto;

/// <summary>
/// The functions of libsodium that this project calls; names and meaning are libsodium's. The package of the same name
/// brings the library for Linux (glibc and musl), Windows, macOS, iOS and Android. It is taken from beside the program or from
/// the system, never from the working directory or the search path.
/// </summary>
[PublicData("Declares foreign functions.")]
internal static unsafe partial class Sodium
{
    private const string Library = "libsodium";

    // Chooses the code for this processor; without it libsodium runs its portable code. Safe to repeat.
    static Sodium()
    {
        if (sodium_init() < 0)
        {
            throw new CryptographicException("libsodium could not be initialised.");
        }
    }

    [LibraryImport(Library)]
    public static partial int sodium_init();

    [LibraryImport(Library)]
    public static partial int crypto_scalarmult_curve25519_base(byte* publicKey, byte* privateKey);

    [LibraryImport(Library)]
    public static partial int crypto_scalarmult_curve25519(byte* shared, byte* privateKey, byte* peer);

    [LibraryImport(Library)]
    public static partial int crypto_sign_ed25519_seed_keypair(byte* publicKey, byte* expanded, byte* seed);

    [LibraryImport(Library)]
    public static partial int crypto_sign_ed25519_detached(byte* signature, nint signatureLength, byte* message, ulong length, byte* expanded);

    [LibraryImport(Library)]
    public static partial int crypto_sign_ed25519_verify_detached(byte* signature, byte* message, ulong length, byte* publicKey);
}
