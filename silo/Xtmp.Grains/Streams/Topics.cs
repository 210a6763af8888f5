using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Grains;

/// <summary>Names of the topics that live updates are published under.</summary>
internal static class Topics
{
    private const string BundlePrefix = "bundle:";
    private const string WalletPrefix = "wallet:";

    private const string NamePrefix = "registry:";
    private const string SessionPrefix = "session:";

    /// <summary>Events of the silos.</summary>
    public const string Events = "events:silo";

    /// <summary>Measurements of the silo that serves the stream.</summary>
    public const string Metrics = "metrics:silo";

    public static string OfName(string name) => NamePrefix + name;

    public static string OfSession(string sessionKey) => SessionPrefix + sessionKey;

    /// <summary>Orders to a gateway. Not for subscribers: no stream serves it.</summary>
    public static string OfGateway(string gateway) => "gateway:" + gateway;

    public static bool TryGetName(string topic, [NotNullWhen(true)] out string? name) => TryStrip(topic, NamePrefix, out name);

    public static bool TryGetSession(string topic, [NotNullWhen(true)] out string? sessionKey) => TryStrip(topic, SessionPrefix, out sessionKey);

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
