using System.Globalization;
using System.Text;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Hex as vector files hold it: a run of equal bytes may stand as <c>[bb*count]</c>, so that keys and signatures stay short.</summary>
public static class Runs
{
    private const int ShortestRun = 32;

    public static string Write(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        for (int i = 0; i < bytes.Length;)
        {
            int run = 1;
            while (i + run < bytes.Length && bytes[i + run] == bytes[i])
            {
                run++;
            }

            if (run >= ShortestRun)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{bytes[i]:x2}*{run}]");
            }
            else
            {
                text.Append(Convert.ToHexStringLower(bytes.Slice(i, run)));
            }

            i += run;
        }

        return text.ToString();
    }

    /// <summary>Text with every run written out; text without runs is left as it is.</summary>
    public static string Expand(string text)
    {
        StringBuilder expanded = new();
        int at = 0;
        for (int open = text.IndexOf('['); open >= 0; open = text.IndexOf('[', at))
        {
            int star = text.IndexOf('*', open);
            int close = text.IndexOf(']', open);
            if (star != open + 3 || close < star || !int.TryParse(text.AsSpan(star + 1, close - star - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            {
                expanded.Append(text.AsSpan(at, open + 1 - at));
                at = open + 1;
                continue;
            }

            expanded.Append(text.AsSpan(at, open - at));
            for (int i = 0; i < count; i++)
            {
                expanded.Append(text.AsSpan(open + 1, 2));
            }

            at = close + 1;
        }

        return expanded.Append(text.AsSpan(at)).ToString();
    }
}
