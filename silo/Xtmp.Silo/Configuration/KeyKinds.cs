using System.Globalization;
using System.Net;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>Makes keys of each kind of value.</summary>
internal static class KeyKinds
{
    public static ConfigurationKey Number(string path, long min, long max, string description, Func<SiloSettings, long> get, Action<SiloSettings, long> set) => new()
    {
        Path = path,
        Takes = string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"),
        Description = description,
        Example = string.Create(CultureInfo.InvariantCulture, $"{Math.Min(max, min + 7)}"),
        Set = (settings, value) => Take(value, long.TryParse(value.Scalar, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max, () => set(settings, number)),
        Show = settings => get(settings).ToString(CultureInfo.InvariantCulture),
    };

    public static ConfigurationKey Duration(string path, TimeSpan min, TimeSpan max, string description, Func<SiloSettings, TimeSpan> get, Action<SiloSettings, TimeSpan> set) => new()
    {
        Path = path,
        Takes = $"a time with a unit (ms, s, m, h, d) from {ValueText.Show(min)} to {ValueText.Show(max)}",
        Description = description,
        Example = ValueText.Show(min + TimeSpan.FromSeconds(7) is var more && more <= max ? more : max),
        Set = (settings, value) => Take(value, ValueText.TryParseDuration(value.Scalar ?? "", out var duration) && duration >= min && duration <= max, () => set(settings, duration)),
        Show = settings => ValueText.Show(get(settings)),
    };

    public static ConfigurationKey Size(string path, long min, long max, string description, Func<SiloSettings, long> get, Action<SiloSettings, long> set) => new()
    {
        Path = path,
        Takes = $"a size (bytes, or with a unit KiB, MiB, GiB, TiB) from {ValueText.ShowSize(min)} to {ValueText.ShowSize(max)}",
        Description = description,
        Example = ValueText.ShowSize(min + 4096),
        Set = (settings, value) => Take(value, ValueText.TryParseSize(value.Scalar ?? "", out var size) && size >= min && size <= max, () => set(settings, size)),
        Show = settings => ValueText.ShowSize(get(settings)),
    };

    public static ConfigurationKey Flag(string path, string description, Func<SiloSettings, bool> get, Action<SiloSettings, bool> set, bool example = true) => new()
    {
        Path = path,
        Takes = "true or false",
        Description = description,
        Example = example ? "true" : "false",
        Set = (settings, value) => Take(value, bool.TryParse(value.Scalar, out var flag), () => set(settings, flag)),
        Show = settings => get(settings) ? "true" : "false",
    };

    public static ConfigurationKey Choice<T>(string path, string description, T example, Func<SiloSettings, T> get, Action<SiloSettings, T> set)
        where T : struct, Enum => new()
        {
            Path = path,
            Takes = "one of " + string.Join(", ", Enum.GetNames<T>().Select(name => $"\"{name}\"")),
            Description = description,
            Example = $"\"{example}\"",
            Set = (settings, value) => Take(value, Enum.TryParse<T>(value.Scalar, ignoreCase: true, out var choice) && Enum.IsDefined(choice) && !int.TryParse(value.Scalar, out _), () => set(settings, choice)),
            Show = settings => $"\"{get(settings)}\"",
        };

    /// <param name="path">The key.</param>
    /// <param name="takes">The end of "takes …".</param>
    /// <param name="example">As TOML.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="isValid">Whether a text is one.</param>
    /// <param name="get">Reads it; what it shows must not be a secret.</param>
    /// <param name="set">Sets it.</param>
    public static ConfigurationKey Text(string path, string takes, string example, string description, Func<string, bool> isValid, Func<SiloSettings, string> get, Action<SiloSettings, string> set) => new()
    {
        Path = path,
        Takes = takes,
        Description = description,
        Example = example,
        Set = (settings, value) => Take(value, value.Scalar is { } text && isValid(text), () => set(settings, value.Scalar!)),
        Show = settings => ValueText.Quote(get(settings)),
    };

    public static ConfigurationKey EndPoint(string path, string takes, bool needsPort, string example, string description, Func<IPEndPoint, bool> isValid, Func<SiloSettings, IPEndPoint?> get, Action<SiloSettings, IPEndPoint?> set) => new()
    {
        Path = path,
        Takes = takes,
        Description = description,
        Example = example,
        Set = (settings, value) =>
            value.Scalar == "" && !needsPort && get(settings) is null ? null
            : Take(value, ValueText.TryParseEndPoint(value.Scalar ?? "", needsPort, out var endPoint) && isValid(endPoint), () => set(settings, endPoint)),
        Show = settings => ValueText.Quote(get(settings)?.ToString() ?? ""),
    };

    public static ConfigurationKey Rate(string path, string description, Func<RateLimits, Rate> get, Func<RateLimits, Rate, RateLimits> with) => new()
    {
        Path = path,
        Takes = "\"N/s burst M\" or \"unlimited\"",
        Description = description,
        Example = "\"7/s burst 70\"",
        IsLive = true,
        Set = (settings, value) => Take(value, ValueText.TryParseRate(value.Scalar ?? "", out var rate), () => settings.Rates = with(settings.Rates, rate)),
        Show = settings => ValueText.Show(get(settings.Rates)),
    };

    public static ConfigurationKey Fingerprints(string path, string description, Func<SiloSettings, IEnumerable<Fingerprint>> get, Action<SiloSettings, IReadOnlyList<Fingerprint>> set) => new()
    {
        Path = path,
        Takes = "a list of fingerprints, each 64 hex digits",
        Description = description,
        Example = $"[\"{new string('a', 2 * Fingerprint.Size)}\"]",
        IsLive = true,
        IsCollection = true,
        Set = (settings, value) =>
        {
            var wrong = value.Items.FirstOrDefault(item => !Fingerprint.TryParse(item, out _));
            if (wrong is not null)
            {
                return $"takes a list of fingerprints, each 64 hex digits, not {ValueText.Quote(wrong)}";
            }

            set(settings, [.. value.Items.Select(Fingerprint.Parse).Distinct()]);
            return null;
        },
        Show = settings => ValueText.Show(get(settings)),
    };

    public static ConfigurationKey Texts(string path, string takes, string example, string description, Func<SiloSettings, IReadOnlyList<string>> get, Action<SiloSettings, IReadOnlyList<string>> set) => new()
    {
        Path = path,
        Takes = takes,
        Description = description,
        Example = example,
        IsCollection = true,
        Set = (settings, value) =>
        {
            set(settings, [.. value.Items]);
            return null;
        },
        Show = settings => "[" + string.Join(", ", get(settings).Select(ValueText.Quote)) + "]",
    };

    /// <summary>A table of ids and the public identity files of who has them.</summary>
    public static ConfigurationKey Identities(string path, string description, Func<SiloSettings, IReadOnlyDictionary<string, IdentityPublicKey>> get, Action<SiloSettings, IReadOnlyDictionary<string, IdentityPublicKey>> set) => new()
    {
        Path = path,
        Takes = "a table of ids and files that xtmp keygen --public has written",
        Description = description,
        Example = "{ alpha = \"alpha.pub.pem\" }",
        IsCollection = true,
        Set = (settings, value) =>
        {
            var keys = new Dictionary<string, IdentityPublicKey>(StringComparer.Ordinal);
            foreach (var (id, file) in value.Children)
            {
                try
                {
                    keys[id] = PublicIdentityFile.Load(file);
                }
                catch (XtmpException error)
                {
                    return $"{id}: {error.Message}";
                }
            }

            set(settings, keys);
            return null;
        },
        Show = settings => "{" + string.Join(",", get(settings).Select(pair => $" {pair.Key} = \"{pair.Value.Fingerprint}\"")) + " }",
    };

    private static string? Take(ConfigurationValue value, bool isValid, Action set)
    {
        if (!isValid)
        {
            return WrongValue;
        }

        set();
        return null;
    }

    /// <summary>Stands for "takes this, not that", which the reader words.</summary>
    public const string WrongValue = "";
}
