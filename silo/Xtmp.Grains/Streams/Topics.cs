using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Grains;

/// <summary>Names of the topics that live updates are published under.</summary>
internal static class Topics
{
    private const string BundlePrefix = "bundle:";
    private const string WalletPrefix = "wallet:";

    public static string OfBundle(string bundleId) => BundlePrefix + bundleId;

    public static string OfWallet(string walletKey) => WalletPrefix + walletKey;

    public static bool TryGetBundle(string topic, [NotNullWhen(true)] out string? bundleId) => TryStrip(topic, BundlePrefix, out bundleId);

    public static bool TryGetWallet(string topic, [NotNullWhen(true)] out string? walletKey) => TryStrip(topic, WalletPrefix, out walletKey);

    private static bool TryStrip(string topic, string prefix, [NotNullWhen(true)] out string? rest)
    {
        rest = topic.Length > prefix.Length && topic.StartsWith(prefix, StringComparison.Ordinal) ? topic[prefix.Length..] : null;
        return rest is not null;
    }
}
