using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>The Wycheproof test types of Ed25519 and X25519.</summary>
internal static class CurveVectors
{
    /// <summary>EddsaVerify, for edwards25519.</summary>
    public static Verdict Ed25519Verify(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        // Version 1 calls the key publicKey, earlier files key; both are objects with the curve and the raw key.
        VectorObject key = group.IsObject("publicKey") ? group.Object("publicKey") : group.Object("key");
        if (key.Text("curve") != "edwards25519")
        {
            return Verdict.NotSupported;
        }

        return Ed25519.Verify(key.Hex("pk"), test.Hex("msg"), test.Hex("sig")) ? Verdict.Accepted : Verdict.Rejected;
    }

    /// <summary>XdhComp, for curve25519 with raw keys.</summary>
    public static Verdict X25519Agree(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (group.Text("curve") != "curve25519")
        {
            return Verdict.NotSupported;
        }

        byte[] privateKey = test.Hex("private");
        byte[] shared = new byte[X25519.KeySize];
        if (privateKey.Length != X25519.KeySize || !X25519.TryAgree(privateKey, test.Hex("public"), shared))
        {
            return Verdict.Rejected;
        }

        return shared.AsSpan().SequenceEqual(test.Hex("shared")) ? Verdict.Accepted : Verdict.Different;
    }
}
