using System.Globalization;
using System.Net;
using Xtmp.Crypto;
using Xtmp.Gateway;

namespace Xtmp.Silo;

/// <summary>Values of the configuration as text: durations, sizes, rates, addresses.</summary>
internal static class ValueText
{
    private static readonly (string Unit, TimeSpan Length)[] Durations =
        [("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1))];

    private static readonly (string Unit, long Bytes)[] Sizes = [("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40)];

    /// <summary>A number and a unit: ms, s, m, h or d.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        var digits = text.TrimEnd("mshd".ToCharArray()).Length;
        var (unit, length) = Durations.FirstOrDefault(unit => text[digits..] == unit.Unit);
        if (unit is null || !TryParseNumber(text.AsSpan(..digits), out var count))
        {
            return false;
        }

        var value = count * length.Ticks;
        if (value > TimeSpan.FromDays(36_500).Ticks)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)value);
        return true;
    }

    public static string Show(TimeSpan duration)
    {
        var (unit, length) = duration == TimeSpan.Zero ? Durations[1] : Durations.LastOrDefault(unit => duration.Ticks % unit.Length.Ticks == 0, Durations[0]);
        return string.Create(CultureInfo.InvariantCulture, $"\"{duration.Ticks / length.Ticks}{unit}\"");
    }

    /// <summary>A number of bytes, alone or with a unit: B, KiB, MiB, GiB or TiB.</summary>
    public static bool TryParseSize(string text, out long bytes)
    {
        bytes = 0;
        var (unit, factor) = Sizes.LastOrDefault(size => text.EndsWith(size.Unit, StringComparison.Ordinal), (Unit: "", Bytes: 1L));
        return long.TryParse(text.AsSpan(..^unit.Length).TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue / factor
            && (bytes = count * factor) >= 0;
    }

    public static string ShowSize(long bytes)
    {
        var (unit, factor) = bytes == 0 ? Sizes[0] : Sizes.Last(unit => bytes % unit.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"\"{bytes / factor} {unit}\"");
    }

    /// <summary>"20/s burst 100", or "unlimited".</summary>
    public static bool TryParseRate(string text, out Rate rate)
    {
        rate = Rate.Unlimited;
        if (text == "unlimited")
        {
            return true;
        }

        if (text.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var perSecond, "burst", var burst]
            || !perSecond.EndsWith("/s", StringComparison.Ordinal)
            || !TryParseNumber(perSecond.AsSpan(..^2), out var rateValue) || rateValue is not (> 0 and <= 1e9)
            || !TryParseNumber(burst, out var burstValue) || burstValue is not (>= 1 and <= 1e9))
        {
            return false;
        }

        rate = new Rate(rateValue, burstValue);
        return true;
    }

    public static string Show(Rate rate) => rate.IsUnlimited ? "\"unlimited\"" : string.Create(CultureInfo.InvariantCulture, $"\"{rate.PerSecond:0.######}/s burst {rate.Burst:0.######}\"");

    /// <summary>An IP address and a port.</summary>
    public static bool TryParseEndPoint(string text, bool needsPort, out IPEndPoint endPoint)
    {
        // TryParse of the framework takes "::1" and "80" too: what is meant as a port would be an address.
        var hasPort = text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(letter => letter == ':') == 1 && text.Count(letter => letter == '.') == 3;
        endPoint = null!;
        return hasPort && IPEndPoint.TryParse(text, out endPoint!) && (!needsPort || endPoint.Port != 0);
    }

    public static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    public static string Show(IEnumerable<Fingerprint> fingerprints) => "[" + string.Join(", ", fingerprints.Select(fingerprint => $"\"{fingerprint}\"")) + "]";

    private static bool TryParseNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
}
