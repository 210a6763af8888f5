using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Xtmp.Cli.Silos;

/// <summary>One sample of Prometheus' text format: <c>name{label="value",…} number [time]</c>.</summary>
internal sealed record PrometheusLine(string Name, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value)
{
    /// <summary>False for comments, empty lines, and what is no sample.</summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out PrometheusLine? sample)
    {
        sample = null;
        line = line.Trim();
        int at = line.AsSpan().IndexOfAny('{', ' ');
        if (at <= 0 || line[0] == '#')
        {
            return false;
        }

        string name = line[..at];
        List<KeyValuePair<string, string>> labels = [];
        if (line[at] == '{' && !TryReadLabels(line, ref at, labels))
        {
            return false;
        }

        string number = line[at..].Trim().Split(' ')[0];
        if (!double.TryParse(number.Replace("Inf", "Infinity", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
        {
            return false;
        }

        sample = new PrometheusLine(name, labels, value);
        return true;
    }

    private static bool TryReadLabels(string line, ref int at, List<KeyValuePair<string, string>> labels)
    {
        at++;
        while (at < line.Length && line[at] != '}')
        {
            int equals = line.IndexOf("=\"", at, StringComparison.Ordinal);
            if (equals < 0)
            {
                return false;
            }

            string label = line[at..equals];
            StringBuilder value = new();
            for (at = equals + 2; at < line.Length && line[at] != '"'; at++)
            {
                if (line[at] == '\\' && at + 1 < line.Length)
                {
                    at++;
                    value.Append(line[at] == 'n' ? '\n' : line[at]);
                }
                else
                {
                    value.Append(line[at]);
                }
            }

            labels.Add(KeyValuePair.Create(label, value.ToString()));
            at++;
            if (at < line.Length && line[at] == ',')
            {
                at++;
            }
        }

        at++;
        return at <= line.Length;
    }
}
