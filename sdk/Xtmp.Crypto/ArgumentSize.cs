using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Crypto;

/// <summary>Guards against a caller's buffer of the wrong size, which is a bug in the caller and never a peer's doing.</summary>
[PublicData("Compares lengths.")]
internal static class ArgumentSize
{
    public static void Require(int actual, int expected, string name)
    {
        if (actual != expected)
        {
            Throw(actual, expected, name);
        }
    }

    [DoesNotReturn]
    private static void Throw(int actual, int expected, string name) =>
        throw new ArgumentException($"{name} must have {expected} bytes and has {actual}.", name);
}
