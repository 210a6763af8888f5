using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Xtmp.Crypto.Tests;

/// <summary>The methods that carry <see cref="SecretHandlingAttribute"/>, themselves or by their type.</summary>
public sealed class SecretHandlingMethods
{
    internal const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    internal static MethodBase Dividing => typeof(SecretHandlingMethods).GetMethod(nameof(Divides), Everything)!;

    /// <summary>Compiles every one of them; the constant-time test runs this in a child process and reads the code.</summary>
    [Fact]
    public void all_compile()
    {
        int methods = 0;
        foreach (MethodBase method in All().Append(Dividing))
        {
            foreach (RuntimeTypeHandle[]? instantiation in Instantiations(method))
            {
                if (instantiation is null)
                {
                    RuntimeHelpers.PrepareMethod(method.MethodHandle);
                }
                else
                {
                    RuntimeHelpers.PrepareMethod(method.MethodHandle, instantiation);
                }
            }

            methods++;
        }

        CallInterfaceMethods();
        Assert.True(methods > 150, $"{methods} methods");
    }

    internal static IEnumerable<MethodBase> All()
    {
        foreach (Type type in typeof(MlKem1024).Assembly.GetTypes())
        {
            bool whole = IsMarked(type);
            foreach (MethodBase method in type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything)))
            {
                bool marked = whole || method.GetCustomAttribute<SecretHandlingAttribute>() is not null;
                if (marked && method.GetMethodBody() is not null && method.GetCustomAttribute<PublicDataAttribute>() is null)
                {
                    yield return method;
                }
            }
        }
    }

    /// <summary>As the just-in-time compiler writes it at the head of a listing.</summary>
    internal static string ListingName(MethodBase method) => $"{method.DeclaringType!.FullName}:{method.Name}";

    // A type within a marked one is marked with it.
    private static bool IsMarked(Type type) =>
        type.GetCustomAttribute<PublicDataAttribute>() is null
        && (type.GetCustomAttribute<SecretHandlingAttribute>() is not null
            || (type.DeclaringType is Type outer && IsMarked(outer)));

    // Generic code is compiled for the types it is used with.
    private static IEnumerable<RuntimeTypeHandle[]?> Instantiations(MethodBase method)
    {
        if (!method.IsGenericMethod)
        {
            return [null];
        }

        if (method.DeclaringType == typeof(Secret))
        {
            return [[typeof(byte).TypeHandle]];
        }

        (Type, Type)[] pairs =
        [
            (typeof(ulong), typeof(ScalarLane)),
            (typeof(Vector128<ulong>), typeof(SoloLane)),
            (typeof(Vector256<ulong>), typeof(QuadLane)),
            (typeof(Vector512<ulong>), typeof(OctoLane)),
        ];
        return pairs.Select(pair => new[] { pair.Item1.TypeHandle, pair.Item2.TypeHandle });
    }

    // The runtime compiles methods that implement interfaces no sooner than their first call.
    private static void CallInterfaceMethods()
    {
        byte[] buffer = new byte[MlDsa87.SignatureSize];
        IEntropy entropy = new SeededEntropy(1);
        entropy.Fill(buffer);
        IMlKem1024Key kem = ManagedMlKem1024Key.FromSeed(buffer.AsSpan(0, MlKem1024.SeedSize), KeccakBatch.Width);
        kem.WriteEncapsulationKey(buffer);
        kem.Decapsulate(buffer.AsSpan(0, MlKem1024.CiphertextSize), buffer.AsSpan(0, MlKem1024.SharedSecretSize));
        IMlDsa87PrivateKey dsa = ManagedMlDsa87PrivateKey.FromSeed(buffer.AsSpan(0, MlDsa87.SeedSize), KeccakBatch.Width);
        dsa.WritePublicKey(buffer);
        dsa.Sign([], [], new byte[MlDsa87.RandomnessSize], buffer);
        IDisposable[] erased =
        [
            kem,
            dsa,
            new Shake128(),
            new Shake256(),
            Sha3.Create256(),
            IdentityKey.Generate(entropy),
            MlKem1024PrivateKey.FromSeed(buffer.AsSpan(0, MlKem1024.SeedSize)),
            MlDsa87PrivateKey.FromSeed(buffer.AsSpan(0, MlDsa87.SeedSize)),
            Ed25519PrivateKey.FromSeed(buffer.AsSpan(0, Ed25519.SeedSize)),
            X25519PrivateKey.FromBytes(buffer.AsSpan(0, X25519.KeySize)),
        ];
        CallCipher(RecordCipher.CreateAes256Gcm(buffer.AsSpan(0, RecordCipher.KeySize)));
        CallCipher(new FrameworkCipher(new System.Security.Cryptography.ChaCha20Poly1305(buffer.AsSpan(0, RecordCipher.KeySize))));
        CallCipher(new FrameworkCipher(new System.Security.Cryptography.AesGcm(buffer.AsSpan(0, RecordCipher.KeySize), RecordCipher.TagSize)));
        foreach (IDisposable secret in erased)
        {
            secret.Dispose();
        }
    }

    private static void CallCipher(RecordCipher cipher)
    {
        byte[] tag = new byte[RecordCipher.TagSize];
        byte[] nonce = new byte[RecordCipher.NonceSize];
        cipher.Seal(nonce, [], [], tag, []);
        Assert.True(cipher.TryOpen(nonce, [], tag, [], []));
        cipher.Dispose();
    }

    // What the check must find: unoptimised code divides by a constant in earnest, and by a variable always.
    private static int Divides(int a, int b) => a / b;
}
