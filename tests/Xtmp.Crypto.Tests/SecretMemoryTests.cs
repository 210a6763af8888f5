using System.Reflection;
using System.Runtime.InteropServices;

namespace Xtmp.Crypto.Tests;

/// <summary>Where secrets lie, and where the foreign code that sees them comes from.</summary>
public sealed class SecretMemoryTests
{
    // Arrays of key objects that hold nothing secret.
    private static readonly string[] s_public = ["_matrix", "_public", "_encapsulationKey", "_keyHash", "_publicKey"];

    [Fact]
    public void every_array_that_holds_a_secret_is_pinned()
    {
        byte[] seed = new byte[64];
        object[] owners =
        [
            MlKem1024PrivateKey.FromSeed(seed),
            MlDsa87PrivateKey.FromSeed(seed.AsSpan(0, 32)),
            new ManagedCryptoProvider().CreateMlKem1024Key(seed),
            new ManagedCryptoProvider().CreateMlDsa87PrivateKey(seed.AsSpan(0, 32)),
            X25519PrivateKey.FromBytes(seed.AsSpan(0, 32)),
            Ed25519PrivateKey.FromSeed(seed.AsSpan(0, 32)),
            new LibCryptoCipher(LibCrypto.IsAvailable ? LibCrypto.EVP_aes_256_gcm() : 0, seed.AsSpan(0, 32)),
        ];
        string[] moving = [.. owners.SelectMany(Arrays).Where(field => !s_public.Contains(field.Name) && !IsPinned(field.Value)).Select(field => field.Place)];
        Assert.True(moving.Length == 0, $"The collector may copy {string.Join(", ", moving)}.");
        Assert.All(owners, owner => Assert.NotEmpty(Arrays(owner)));

        // The test would notice: the public arrays beside them are not pinned.
        Assert.Contains(owners.SelectMany(Arrays), field => field.Name == "_keyHash" && !IsPinned(field.Value));
    }

    [Fact]
    public void libcrypto_is_not_looked_for_on_windows_and_only_by_full_path_on_macos()
    {
        Assert.Empty(LibCrypto.Candidates(isWindows: true, isMacOS: false));
        Assert.All(LibCrypto.Candidates(isWindows: false, isMacOS: true), path => Assert.StartsWith("/", path, StringComparison.Ordinal));
        Assert.Equal(["libcrypto.so.3"], LibCrypto.Candidates(isWindows: false, isMacOS: false));
    }

    [Fact]
    public void libsodium_is_not_taken_from_the_working_directory()
    {
        var paths = typeof(Sodium).Assembly.GetCustomAttribute<DefaultDllImportSearchPathsAttribute>()!.Paths;
        Assert.Equal(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories, paths);
    }

    // The pinned heap counts as the oldest generation, in which no small array begins its life.
    private static bool IsPinned(Array array) => GC.GetGeneration(array) == GC.MaxGeneration;

    private static IEnumerable<(string Name, string Place, Array Value)> Arrays(object owner)
    {
        foreach (FieldInfo field in owner.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
        {
            if (field.GetValue(owner) is Array { Length: > 0 } array)
            {
                yield return (field.Name, $"{owner.GetType().Name}.{field.Name}", array);
            }
        }
    }
}
