using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>
/// Puts the configuration of a host into a silo's settings. For each key the last source that has it counts, and of a list all of
/// it. Says of everything that is wrong where it stands, which key it is, and what was probably meant.
/// </summary>
internal static class ConfigurationReader
{
    private const string Prefix = "xtmp_";

    /// <summary>Reads what is right, and lists the rest.</summary>
    public static IReadOnlyList<string> Read(IConfiguration configuration, SiloSettings settings)
    {
        IReadOnlyList<IConfigurationProvider> providers = configuration is IConfigurationRoot root ? [.. root.Providers.Reverse()]
            : throw new ArgumentException("The configuration is the host's own, not a section of it.", nameof(configuration));
        var mistakes = new List<string>();
        foreach (var provider in providers)
        {
            mistakes.AddRange(provider is TomlConfigurationProvider toml ? toml.Mistakes : []);
            FindUnknown(provider, null, mistakes);
        }

        foreach (var key in ConfigurationKeys.All)
        {
            foreach (var provider in providers)
            {
                if (Find(provider, key.ConfigurationPath) is not { } value)
                {
                    continue;
                }

                var mistake = !key.IsCollection && value.Children.Count > 0 ? KeyKinds.WrongValue : key.Set(settings, value);
                if (mistake is not null)
                {
                    mistakes.Add($"{Locate(provider, key.ConfigurationPath)}: {key.Path}: {(mistake == KeyKinds.WrongValue ? $"takes {key.Takes}, not {Shown(key, value)}" : mistake)}");
                }

                break;
            }
        }

        if (settings.ClusterDatabase.Length > 0)
        {
            settings.Silo.Cluster = new Runtime.ClusterSettings { ConnectionString = settings.ClusterDatabase, EndPoint = settings.ClusterEndPoint, ClientPort = settings.ClusterClientPort, AllowPlainTraffic = settings.PlainSiloTraffic, ProbeInterval = settings.ProbeInterval };
        }

        return mistakes;
    }

    /// <summary>Keys and values of a JSON text, with the line of each key.</summary>
    public static IReadOnlyDictionary<string, int> LinesOfJson(string text)
    {
        var lines = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var path = new Stack<string>();
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    while (path.Count >= reader.CurrentDepth)
                    {
                        path.Pop();
                    }

                    path.Push(reader.GetString()!);
                    lines[string.Join(ConfigurationPath.KeyDelimiter, path.Reverse())] = 1 + bytes.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n');
                }
            }
        }
        catch (JsonException)
        {
            // The provider of .NET reports it.
        }

        return lines;
    }

    private static ConfigurationValue? Find(IConfigurationProvider provider, string path)
    {
        var has = provider.TryGet(path, out var scalar);
        var names = provider.GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return !has && names.Count == 0 ? null : new ConfigurationValue
        {
            Scalar = scalar,
            Children = [.. names.Select(name => KeyValuePair.Create(name, provider.TryGet(ConfigurationPath.Combine(path, name), out var value) ? value ?? "" : ""))],
        };
    }

    // What a program has beside in its configuration is its own; sections that begin with xtmp_ are ours, and so is the whole of xtmp.toml.
    private static void FindUnknown(IConfigurationProvider provider, string? parent, List<string> mistakes)
    {
        foreach (var name in provider.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var path = parent is null ? name : ConfigurationPath.Combine(parent, name);
            var isSection = provider.GetChildKeys([], path).Any();
            if (parent is null && provider is not TomlConfigurationProvider && !(isSection && name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (ConfigurationKeys.All.Any(key => key.ConfigurationPath.Equals(path, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (ConfigurationKeys.Sections.Contains(path, StringComparer.OrdinalIgnoreCase) && isSection)
            {
                FindUnknown(provider, path, mistakes);
                continue;
            }

            var shown = path.Replace(ConfigurationPath.KeyDelimiter, ".", StringComparison.Ordinal);
            mistakes.Add($"{Locate(provider, path)}: {PeerText.Escape(shown)}: {(parent is null && isSection ? "no such section" : "no such key")}{DidYouMean(shown)}");
        }
    }

    private static string DidYouMean(string path)
    {
        var candidates = path.Contains('.', StringComparison.Ordinal) ? ConfigurationKeys.All.Select(key => key.Path) : ConfigurationKeys.Sections.Concat(ConfigurationKeys.All.Select(key => key.Path));

        // A key in the wrong section is as likely as a slip of the finger.
        var name = path[(path.LastIndexOf('.') + 1)..];
        var elsewhere = ConfigurationKeys.All.FirstOrDefault(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Path;
        var (closest, distance) = candidates.Select(candidate => (candidate, Distance(candidate, path))).MinBy(pair => pair.Item2);
        return elsewhere is not null ? $"; did you mean {elsewhere}?" : distance <= Math.Max(2, name.Length / 3) ? $"; did you mean {closest}?" : "";
    }

    /// <summary>Letters to insert, remove, replace or swap with their neighbour.</summary>
    private static int Distance(string a, string b)
    {
        var costs = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                costs[i, j] = i == 0 ? j : j == 0 ? i
                    : Math.Min(Math.Min(costs[i - 1, j] + 1, costs[i, j - 1] + 1), costs[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    costs[i, j] = Math.Min(costs[i, j], costs[i - 2, j - 2] + 1);
                }
            }
        }

        return costs[a.Length, b.Length];
    }

    private static string Locate(IConfigurationProvider provider, string path)
    {
        switch (provider)
        {
            case TomlConfigurationProvider toml:
                return toml.Locate(path);
            case JsonConfigurationProvider { Source: { FileProvider: { } files, Path: { } name } } when files.GetFileInfo(name).PhysicalPath is { } file && File.Exists(file):
                return LinesOfJson(File.ReadAllText(file)).TryGetValue(path, out var line) ? $"{name}:{line}" : name;
            case EnvironmentVariablesConfigurationProvider:
                return $"environment variable {path.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal).ToUpperInvariant()}";
            default:
                return provider.ToString() ?? "configuration";
        }
    }

    // A value that is no connection string may still be a password.
    private static string Shown(ConfigurationKey key, ConfigurationValue value) =>
        key.Path == "xtmp_cluster.database" ? "what is given" : value.Children.Count > 0 ? "a list or table" : ValueText.Quote(PeerText.Escape(value.Scalar ?? ""));
}
