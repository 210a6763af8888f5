using System.Text;
using System.Text.Json.Nodes;
using Xtmp.Cli.Crypto;

namespace Xtmp.Crypto.Tests;

/// <summary>
/// The vector checker itself, on small files of every type: it passes what is right, fails what is wrong, skips what we
/// do not have, and names what is malformed. A checker that cannot fail would prove nothing.
/// </summary>
public sealed class VectorCheckTests
{
    [Fact]
    public void ml_kem_types()
    {
        byte[] seed = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
        byte[] message = new byte[32];
        using ManagedMlKem1024Key key = ManagedMlKem1024Key.FromSeed(seed, KeccakBatch.Width);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        byte[] dk = new byte[3168];
        byte[] c = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[32];
        key.WriteEncapsulationKey(ek);
        key.ExportExpanded(dk);
        Assert.True(MlKem1024.TryEncapsulate(ek, message, c, secret));
        byte[] wrong = [.. secret.Select(b => (byte)(b ^ 1))];
        byte[] unreduced = [.. Enumerable.Repeat((byte)0xFF, 1568)];
        byte[] badHash = (byte[])dk.Clone();
        badHash[3104] ^= 1;
        JsonObject group = new() { ["parameterSet"] = "ML-KEM-1024" };

        Check(Group(group, "MLKEMTest",
            Test("valid", ("seed", seed), ("ek", ek), ("c", c), ("K", secret)),
            Test("invalid", ("seed", seed[1..]), ("c", c), ("K", [])),
            Test("invalid", ("seed", seed), ("c", c[1..]), ("K", []))), 3, 0, 0);
        Check(Group(group, "MLKEMTest",
            Test("valid", ("seed", seed), ("c", c), ("K", wrong)),
            Test("valid", ("seed", seed), ("ek", unreduced), ("c", c), ("K", secret)),
            Test("acceptable", ("seed", seed), ("c", c), ("K", wrong)),
            Test("invalid", ("seed", seed), ("c", c), ("K", secret))), 0, 4, 0);
        Check(Group(group, "MLKEMEncapsTest",
            Test("valid", ("ek", ek), ("m", message), ("c", c), ("K", secret)),
            Test("invalid", ("ek", unreduced), ("m", message), ("c", []), ("K", [])),
            Test("invalid", ("ek", ek[1..]), ("m", message), ("c", []), ("K", []))), 3, 0, 0);
        Check(Group(group, "MLKEMEncapsTest",
            Test("valid", ("ek", ek), ("m", message), ("c", c), ("K", wrong)),
            Test("invalid", ("ek", ek), ("m", message), ("c", []), ("K", [])),
            Test("valid", ("ek", unreduced), ("m", message), ("c", c), ("K", secret))), 0, 3, 0);
        Check(Group(group, "MLKEMKeyGen",
            Test("valid", ("seed", seed), ("ek", ek), ("dk", dk)),
            Test("invalid", ("seed", seed[1..]), ("ek", []), ("dk", []))), 2, 0, 0);
        Check(Group(group, "MLKEMKeyGen", Test("valid", ("seed", seed), ("ek", ek), ("dk", badHash))), 0, 1, 0);
        Check(Group(group, "MLKEMDecapsValidationTest",
            Test("valid", ("dk", dk), ("c", c), ("ek", ek), ("K", secret)),
            Test("invalid", ("dk", badHash), ("c", c), ("ek", ek)),
            Test("invalid", ("dk", dk[1..]), ("c", c), ("ek", ek)),
            Test("invalid", ("dk", dk), ("c", c[1..]), ("ek", ek))), 4, 0, 0);
        Check(Group(group, "MLKEMDecapsValidationTest",
            Test("valid", ("dk", badHash), ("c", c), ("K", secret)),
            Test("valid", ("dk", dk), ("c", c), ("K", wrong)),
            Test("invalid", ("dk", dk), ("c", c))), 0, 3, 0);
        foreach (string type in new[] { "MLKEMTest", "MLKEMEncapsTest", "MLKEMKeyGen", "MLKEMDecapsValidationTest" })
        {
            Check(Group(new JsonObject { ["parameterSet"] = "ML-KEM-768" }, type, Test("valid"), Test("invalid")), 0, 0, 2);
        }
    }

    [Fact]
    public void ml_dsa_types()
    {
        byte[] seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        byte[] expanded = new byte[MlDsaExpandedKey.Size];
        byte[] publicKey = new byte[MlDsa87.PublicKeySize];
        byte[] message = [1, 2, 3];
        byte[] context = [4, 5];
        byte[] randomness = [.. Enumerable.Repeat((byte)9, 32)];
        byte[] plain = new byte[MlDsa87.SignatureSize];
        byte[] withContext = new byte[MlDsa87.SignatureSize];
        byte[] hedged = new byte[MlDsa87.SignatureSize];
        using ManagedMlDsa87PrivateKey key = ManagedMlDsa87PrivateKey.FromSeed(seed, KeccakBatch.Width, expanded);
        key.WritePublicKey(publicKey);
        key.Sign(message, [], new byte[32], plain);
        key.Sign(message, context, new byte[32], withContext);
        key.Sign(message, [], randomness, hedged);
        byte[] mu = key.Represent(message, []);
        byte[] outOfRange = (byte[])expanded.Clone();
        outOfRange[128] = 0xFF;
        JsonObject seeded = new() { ["privateSeed"] = Hex(seed), ["publicKey"] = Hex(publicKey) };
        JsonObject longForm = new() { ["privateKey"] = Hex(expanded), ["publicKey"] = null };
        foreach (JsonObject group in new[] { seeded, longForm })
        {
            Check(Group(group, "MlDsaSign",
                Test("valid", ("msg", message), ("sig", plain)),
                Test("valid", ("msg", message), ("mu", mu), ("sig", plain)),
                Test("valid", ("mu", mu), ("sig", plain)),
                Test("valid", ("msg", message), ("ctx", context), ("sig", withContext)),
                Test("valid", ("msg", message), ("rnd", randomness), ("sig", hedged)),
                Test("invalid", ("msg", message), ("ctx", new byte[256]), ("sig", []))), 6, 0, 0, "ML-DSA-87");
            Check(Group(group, "MlDsaSign",
                Test("valid", ("msg", message), ("sig", withContext)),
                Test("valid", ("msg", message), ("mu", new byte[64]), ("sig", plain)),
                Test("valid", ("mu", new byte[64]), ("sig", plain)),
                Test("invalid", ("msg", message), ("sig", plain))), 0, 4, 0, "ML-DSA-87");
        }

        Check(Group(new JsonObject { ["privateSeed"] = Hex(seed[1..]) }, "MlDsaSign", Test("invalid", ("msg", message), ("sig", []))), 1, 0, 0, "ML-DSA-87");
        Check(Group(new JsonObject { ["privateKey"] = Hex(expanded[1..]) }, "MlDsaSign", Test("invalid", ("msg", message), ("sig", []))), 1, 0, 0, "ML-DSA-87");
        Check(Group(new JsonObject { ["privateKey"] = Hex(outOfRange) }, "MlDsaSign", Test("invalid", ("msg", message), ("sig", []))), 1, 0, 0, "ML-DSA-87");
        JsonObject verifying = new() { ["publicKey"] = Hex(publicKey) };
        Check(Group(verifying, "MlDsaVerify",
            Test("valid", ("msg", message), ("sig", plain)),
            Test("valid", ("msg", message), ("ctx", context), ("sig", withContext)),
            Test("invalid", ("msg", message), ("sig", withContext)),
            Test("invalid", ("msg", message), ("ctx", new byte[256]), ("sig", plain)),
            Test("invalid", ("msg", message), ("sig", plain[1..]))), 5, 0, 0, "ML-DSA-87");
        Check(Group(verifying, "MlDsaVerify",
            Test("invalid", ("msg", message), ("sig", plain)),
            Test("valid", ("msg", message), ("sig", hedged[1..])),
            Test("valid", ("msg", context), ("sig", plain))), 0, 3, 0, "ML-DSA-87");
        Check(Group(new JsonObject { ["publicKey"] = Hex(publicKey[1..]) }, "MlDsaVerify", Test("invalid", ("msg", message), ("sig", plain))), 1, 0, 0, "ML-DSA-87");
        Check(Group(verifying, "MlDsaVerify", Test("valid")), 0, 0, 1, "ML-DSA-65");
        Check(Group(seeded, "MlDsaSign", Test("valid")), 0, 0, 1, "ML-DSA-44");
    }

    [Fact]
    public void curve_types()
    {
        byte[] seed = new byte[32];
        byte[] publicKey = new byte[32];
        byte[] signature = new byte[64];
        byte[] message = [1, 2];
        using (Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(seed))
        {
            key.WritePublicKey(publicKey);
            key.Sign(message, signature);
        }

        JsonObject Ed(string field, string curve) => new() { [field] = new JsonObject { ["type"] = "EDDSAPublicKey", ["curve"] = curve, ["pk"] = Hex(publicKey) } };
        Check(Group(Ed("publicKey", "edwards25519"), "EddsaVerify",
            Test("valid", ("msg", message), ("sig", signature)),
            Test("invalid", ("msg", seed), ("sig", signature))), 2, 0, 0);
        Check(Group(Ed("key", "edwards25519"), "EddsaVerify", Test("invalid", ("msg", message), ("sig", signature))), 0, 1, 0);
        Check(Group(Ed("publicKey", "edwards448"), "EddsaVerify", Test("valid")), 0, 0, 1);

        byte[] shared = new byte[32];
        Assert.True(X25519.TryAgree([.. Enumerable.Repeat((byte)3, 32)], publicKey, shared));
        byte[] secret = [.. Enumerable.Repeat((byte)3, 32)];
        JsonObject curve = new() { ["curve"] = "curve25519" };
        Check(Group(curve, "XdhComp",
            Test("valid", ("public", publicKey), ("private", secret), ("shared", shared)),
            Test("acceptable", ("public", publicKey), ("private", secret), ("shared", shared)),
            Test("acceptable", ("public", new byte[32]), ("private", secret), ("shared", new byte[32])),
            Test("invalid", ("public", publicKey[1..]), ("private", secret), ("shared", shared))), 4, 0, 0);
        Check(Group(curve, "XdhComp",
            Test("valid", ("public", publicKey), ("private", secret), ("shared", seed)),
            Test("acceptable", ("public", publicKey), ("private", secret), ("shared", seed)),
            Test("valid", ("public", new byte[32]), ("private", secret), ("shared", new byte[32]))), 0, 3, 0);
        Check(Group(new JsonObject { ["curve"] = "curve448" }, "XdhComp", Test("valid")), 0, 0, 1);
    }

    [Fact]
    public void symmetric_types()
    {
        byte[] key = new byte[32];
        byte[] nonce = new byte[12];
        byte[] tag = new byte[16];
        byte[] message = [1, 2, 3];
        foreach (string algorithm in new[] { "AES-GCM", "CHACHA20-POLY1305" })
        {
            byte[] ciphertext = new byte[3];
            using (RecordCipher cipher = algorithm == "AES-GCM" ? RecordCipher.CreateAes256Gcm(key) : RecordCipher.CreateChaCha20Poly1305(key))
            {
                cipher.Seal(nonce, message, ciphertext, tag, []);
            }

            JsonObject good = Test("valid", ("key", key), ("iv", nonce), ("aad", []), ("msg", message), ("ct", ciphertext), ("tag", tag));
            JsonObject otherPlain = Test("valid", ("key", key), ("iv", nonce), ("aad", []), ("msg", [1, 2, 4]), ("ct", ciphertext), ("tag", tag));
            JsonObject badTag = Test("invalid", ("key", key), ("iv", nonce), ("aad", []), ("msg", message), ("ct", ciphertext), ("tag", key[..16]));
            JsonObject goodCalledBad = Test("invalid", ("key", key), ("iv", nonce), ("aad", []), ("msg", message), ("ct", ciphertext), ("tag", tag));
            Check(Group(Sizes(96, 256, 128), "AeadTest", good, badTag), 2, 0, 0, algorithm);
            Check(Group(Sizes(96, 256, 128), "AeadTest", otherPlain, goodCalledBad), 0, 2, 0, algorithm);
            Check(Group(Sizes(96, 128, 128), "AeadTest", Test("valid")), 0, 0, 1, algorithm);
            Check(Group(Sizes(96, 256, 96), "AeadTest", Test("valid")), 0, 0, 1, algorithm);
        }

        Check(Group(Sizes(64, 256, 128), "AeadTest", Test("valid")), 0, 0, 1, "AES-GCM");
        Check(Group(Sizes(0, 256, 128), "AeadTest", Test("invalid", ("key", key), ("iv", []), ("aad", []), ("msg", []), ("ct", []), ("tag", tag))), 1, 0, 0, "CHACHA20-POLY1305");
        Check(Group(Sizes(96, 256, 128), "AeadTest", Test("valid")), 0, 0, 1, "AES-CCM");

        foreach ((string algorithm, int max) in new[] { ("HKDF-SHA-256", 8160), ("HKDF-SHA-384", 12240) })
        {
            byte[] okm = System.Security.Cryptography.HKDF.DeriveKey(
                algorithm == "HKDF-SHA-256" ? System.Security.Cryptography.HashAlgorithmName.SHA256 : System.Security.Cryptography.HashAlgorithmName.SHA384, key, 42, nonce, message);
            JsonObject Hkdf(string result, int size, byte[] expected)
            {
                JsonObject test = Test(result, ("ikm", key), ("salt", nonce), ("info", message), ("okm", expected));
                test["size"] = size;
                return test;
            }

            Check(Group([], "HkdfTest", Hkdf("valid", 42, okm), Hkdf("invalid", max + 1, [])), 2, 0, 0, algorithm);
            Check(Group([], "HkdfTest", Hkdf("valid", 42, key), Hkdf("valid", max + 1, okm), Hkdf("invalid", 42, okm)), 0, 3, 0, algorithm);
        }

        Check(Group([], "HkdfTest", Test("valid")), 0, 0, 1, "HKDF-SHA-512");

        foreach ((string algorithm, byte[] mac) in new[]
        {
            ("HMACSHA256", System.Security.Cryptography.HMACSHA256.HashData(key, message)),
            ("HMACSHA384", System.Security.Cryptography.HMACSHA384.HashData(key, message)),
            ("HMACSHA512", System.Security.Cryptography.HMACSHA512.HashData(key, message)),
        })
        {
            JsonObject size = new() { ["keySize"] = 256, ["tagSize"] = mac.Length * 8 };
            JsonObject half = new() { ["keySize"] = 256, ["tagSize"] = mac.Length * 4 };
            Check(Group(size, "MacTest", Test("valid", ("key", key), ("msg", message), ("tag", mac)), Test("invalid", ("key", key), ("msg", key), ("tag", mac))), 2, 0, 0, algorithm);
            Check(Group(half, "MacTest", Test("valid", ("key", key), ("msg", message), ("tag", mac[..(mac.Length / 2)]))), 1, 0, 0, algorithm);
            Check(Group(size, "MacTest", Test("invalid", ("key", key), ("msg", message), ("tag", mac)), Test("valid", ("key", key), ("msg", key), ("tag", mac))), 0, 2, 0, algorithm);
        }

        Check(Group(Sizes(0, 256, 128), "MacTest", Test("valid")), 0, 0, 1, "AES-CMAC");

        static JsonObject Sizes(int nonceBits, int keyBits, int tagBits) => new() { ["ivSize"] = nonceBits, ["keySize"] = keyBits, ["tagSize"] = tagBits };
    }

    [Fact]
    public void unknown_types_are_skipped_with_a_message()
    {
        List<string> reports = [];
        VectorCounts counts = new WycheproofFile(CryptoProviders.Managed, reports.Add).Run(File(Group([], "EcdsaVerify", Test("valid"), Test("valid")), "ECDSA"));
        Assert.Equal(new VectorCounts(0, 0, 2), counts);
        Assert.Contains("EcdsaVerify", Assert.Single(reports), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "file is no object")]
    [InlineData("{", "not JSON")]
    [InlineData("{\"testGroups\": 3}", "\"testGroups\" is no array")]
    [InlineData("{}", "\"testGroups\" is missing")]
    [InlineData("{\"testGroups\": [4]}", "file.testGroups[0] is no object")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\"}]}", "\"tests\" is missing")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\", \"tests\": [{\"tcId\": 1}]}]}", "file.testGroups[0].tests[0]: \"result\" is missing")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\", \"tests\": [{\"tcId\": \"x\", \"result\": \"valid\"}]}]}", "\"tcId\" is no number")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\", \"tests\": [{\"tcId\": 1, \"result\": \"valid\"}]}]}", "\"seed\" is missing")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\", \"tests\": [{\"tcId\": 1, \"result\": \"valid\", \"seed\": \"xyz\"}]}]}", "\"seed\" is not hexadecimal")]
    [InlineData("{\"testGroups\": [{\"type\": \"MLKEMTest\", \"tests\": [{\"tcId\": 1, \"result\": \"perhaps\", \"seed\": \"\"}]}]}", "result \"perhaps\" is not known")]
    public void rejects_malformed_files_by_name_of_the_place(string json, string message)
    {
        VectorFormatException error = Assert.Throws<VectorFormatException>(() =>
            new WycheproofFile(CryptoProviders.Managed, _ => { }).Run(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void the_command_reports_and_exits_as_promised()
    {
        string directory = Directory.CreateTempSubdirectory("xtmp-vectors").FullName;
        try
        {
            byte[] mac = System.Security.Cryptography.HMACSHA256.HashData(new byte[32], new byte[] { 1 });
            JsonObject size = new() { ["keySize"] = 256, ["tagSize"] = 256 };
            string good = Save("good.json", File(Group(size, "MacTest", Test("valid", ("key", new byte[32]), ("msg", [1]), ("tag", mac))), "HMACSHA256"));
            string bad = Save("bad.json", File(Group(size, "MacTest", Test("valid", ("key", new byte[32]), ("msg", [2]), ("tag", mac))), "HMACSHA256"));
            string broken = Save("broken.json", Encoding.UTF8.GetBytes("{\"testGroups\":"));
            string absent = Path.Combine(directory, "absent.json");
            Assert.Equal((0, $"{good}: passed 1, failed 0, skipped 0\n"), Run(good));
            Assert.Equal((1, $"{good}: passed 1, failed 0, skipped 0\n{bad}: passed 0, failed 1, skipped 0\n"), Run(good, bad));
            Assert.Equal((2, ""), Run(broken));
            Assert.Equal((2, ""), Run(absent));
            Assert.Equal(1, Run(broken, bad).Code);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        string Save(string name, byte[] content)
        {
            string path = Path.Combine(directory, name);
            System.IO.File.WriteAllBytes(path, content);
            return path;
        }

        static (int Code, string Output) Run(params string[] files)
        {
            using StringWriter output = new() { NewLine = "\n" };
            using StringWriter error = new();
            int code = CheckCommand.Create().Parse(files).Invoke(new System.CommandLine.InvocationConfiguration { Output = output, Error = error });
            return (code, output.ToString());
        }
    }

    private static void Check(JsonObject group, int passed, int failed, int skipped, string algorithm = "")
    {
        List<string> reports = [];
        VectorCounts counts = new WycheproofFile(CryptoProviders.Managed, reports.Add).Run(File(group, algorithm));
        Assert.True(counts == new VectorCounts(passed, failed, skipped), $"{group["type"]}: {counts}\n{string.Join('\n', reports)}");
        Assert.Equal(failed, reports.Count);
    }

    private static byte[] File(JsonObject group, string algorithm) =>
        Encoding.UTF8.GetBytes(new JsonObject { ["algorithm"] = algorithm, ["testGroups"] = new JsonArray(group.DeepClone()) }.ToJsonString());

    private static JsonObject Group(JsonObject fields, string type, params JsonObject[] tests)
    {
        JsonObject group = (JsonObject)fields.DeepClone();
        group["type"] = type;
        group["tests"] = new JsonArray([.. tests.Select(test => test.DeepClone())]);
        return group;
    }

    private static JsonObject Test(string result, params (string Name, byte[] Value)[] fields)
    {
        JsonObject test = new() { ["tcId"] = 1, ["comment"] = "", ["result"] = result, ["flags"] = new JsonArray() };
        foreach ((string name, byte[] value) in fields)
        {
            test[name] = Hex(value);
        }

        return test;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
