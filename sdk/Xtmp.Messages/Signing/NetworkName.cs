using System.Text;
using Xtmp.Crypto;

namespace Xtmp.Messages;

/// <summary>
/// The name of a network of silos that share their wallets, bundles and names. Transfers, verdicts, bundles and registry
/// records are signed for one network. A silo that is given no name is a network of its own, named by its fingerprint;
/// a client that is given none takes the fingerprint that the server proved, so that no server can obtain a signature
/// that counts elsewhere.
/// </summary>
public static class NetworkName
{
    /// <summary>Longest name, in bytes of UTF-8; a name has at least one.</summary>
    public const int MaxBytes = 64;

    /// <summary>The network of a silo without a configured name: the fingerprint in lowercase hex, 64 characters.</summary>
    public static string Of(Fingerprint silo) => silo.ToString();

    /// <summary>True for 1 to 64 bytes of UTF-8 without control characters.</summary>
    public static bool IsValid(string? name) =>
        !string.IsNullOrEmpty(name) && name.Length <= MaxBytes && Encoding.UTF8.GetByteCount(name) <= MaxBytes && !name.Any(char.IsControl);
}
