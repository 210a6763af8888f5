using System.Collections;
using Microsoft.Extensions.Configuration;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Grains;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Storage;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests.Configuration;

/// <summary>The table of keys against the options they set, and against the page that documents them.</summary>
public sealed class ConfigurationKeyTests : IDisposable
{
    // What an operator does not set: code of the program around the silo, or values that the silo sets itself.
    private static readonly string[] NotConfigured =
    [
        "TimeProvider", "ClientTrust", "Gateway.Pump.StopsReadingWhenFull", "Gateway.Pump.Budget", "Gateway.DecodeLimits",
        "Runtime.OnFault", "Runtime.DirectCalls",
        "Grains.Authorities", "Grains.SiloIdentity", "Grains.Entropy",

        // Fixed by the protocol, or fine as they are: nobody has met a need to change them.
        "Gateway.SessionLimits.MaxReassemblies", "Gateway.SessionLimits.ReassemblyTimeout", "Gateway.SessionLimits.MaxFailedDatagrams",
        "Gateway.SessionLimits.RekeyAfterBlocks", "Gateway.SessionLimits.MaxBlocksPerKey",
        "Runtime.CallTimeout", "Runtime.MaxCallDepth", "Runtime.MaxMoves", "Runtime.MaxOutboxInFlight", "Runtime.OutboxRetryMin", "Runtime.OutboxRetryMax", "Runtime.SweepInterval",
    ];

    private static readonly Type[] Nested = [typeof(GatewayOptions), typeof(SessionLimits), typeof(PumpOptions), typeof(RateLimits), typeof(CostRates), typeof(GrainOptions), typeof(RuntimeOptions), typeof(TelemetryOptions), typeof(StoreLimits)];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-keys-");

    [Fact]
    public void every_option_of_a_silo_has_a_key_or_a_reason_to_have_none()
    {
        var defaults = Flatten(new SiloOptions());
        var set = ConfigurationKeys.All.SelectMany(key =>
        {
            var changed = Flatten(Apply(key).Silo);
            return changed.Where(pair => !pair.Value.SequenceEqual(defaults[pair.Key])).Select(pair => pair.Key);
        }).ToHashSet();
        Assert.Empty(defaults.Keys.Except(set).Except(NotConfigured));
        Assert.Empty(NotConfigured.Except(defaults.Keys));
        Assert.Empty(NotConfigured.Intersect(set));
    }

    [Fact]
    public void every_key_takes_its_example_and_its_own_default()
    {
        var file = Path.Combine(_directory.FullName, "defaults.toml");
        File.WriteAllText(file, string.Join('\n', ConfigCommand.Template().Split('\n').Select(line => line.StartsWith('#') && !line.StartsWith("# ", StringComparison.Ordinal) ? line[1..] : line)));
        var settings = new SiloSettings(new SiloOptions());
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(file, reloadOnChange: false);
        Assert.Empty(ConfigurationReader.Read(configuration, settings));
        var defaults = new SiloSettings(new SiloOptions());
        Assert.All(ConfigurationKeys.All, key =>
        {
            Assert.Equal(key.Show(defaults), key.Show(settings));
            var example = Apply(key);
            Assert.True(key.Path == "xtmp_server.enable_encryption" || key.Show(example) != key.Show(defaults), $"The example of {key.Path} is its default.");
        });
    }

    [Fact]
    public void names_are_told_apart_and_sections_begin_alike()
    {
        Assert.Equal(ConfigurationKeys.All.Count, ConfigurationKeys.All.Select(key => key.Path).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(ConfigurationKeys.All, key => Assert.Matches("^xtmp_[a-z]+\\.[a-z_]+$", key.Path));
    }

    /// <summary>Run with XTMP_WRITE_DOCS=1 to write the page's tables anew.</summary>
    [Fact]
    public void the_page_for_operators_documents_every_key()
    {
        var page = Path.Combine(Repository.Root, "silo", "docs", "configuration.md");
        var tables = Tables();
        if (Environment.GetEnvironmentVariable("XTMP_WRITE_DOCS") == "1")
        {
            var old = File.Exists(page) ? File.ReadAllText(page) : "";
            var head = old.Contains("\n## ", StringComparison.Ordinal) ? old[..(old.IndexOf("\n## ", StringComparison.Ordinal) + 1)] : old;
            File.WriteAllText(page, head + tables);
        }

        Assert.EndsWith(tables, File.ReadAllText(page), StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Tables()
    {
        var defaults = new SiloSettings(new SiloOptions { Runtime = new RuntimeOptions { MaxVerifications = 0 } });
        var text = new System.Text.StringBuilder();
        foreach (var section in ConfigurationKeys.All.GroupBy(key => key.Section))
        {
            text.Append($"## {section.Key}\n\n| key | default | takes | meaning |\n| --- | --- | --- | --- |\n");
            foreach (var key in section)
            {
                var value = key.Name == "max_verifications" ? "the number of processors" : $"`{key.Show(defaults)}`";
                text.Append($"| `{key.Name}`{(key.IsLive ? " ↻" : "")} | {value} | {key.Takes} | {key.Description} |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private SiloSettings Apply(ConfigurationKey key)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "alpha.pub.pem"), PublicIdentityFile.Write(SampleBundle.Node.Public));
        File.WriteAllText(Path.Combine(_directory.FullName, "authority.pem"), "");
        var file = Path.Combine(_directory.FullName, "example.toml");
        var example = new[] { "alpha.pub.pem", "authority.pem" }.Aggregate(key.Example, (text, name) => text.Replace(name, Path.Combine(_directory.FullName, name).Replace('\\', '/'), StringComparison.Ordinal));
        File.WriteAllText(file, $"[{key.Section}]\n{key.Name} = {example}\n");
        var configuration = new ConfigurationManager();
        configuration.AddXtmpToml(file, reloadOnChange: false);
        var settings = new SiloSettings(new SiloOptions());
        Assert.Empty(ConfigurationReader.Read(configuration, settings));
        return settings;
    }

    /// <summary>Every option that is not itself a record of options, by its path, with its value as text.</summary>
    private static Dictionary<string, string> Flatten(object options, string prefix = "")
    {
        var flat = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in options.GetType().GetProperties().Where(property => property.GetMethod is { IsStatic: false, IsPublic: true } && property.GetIndexParameters().Length == 0 && property.CanWrite))
        {
            var value = property.GetValue(options);
            if (Nested.Contains(property.PropertyType))
            {
                foreach (var (name, text) in Flatten(value!, $"{prefix}{property.Name}."))
                {
                    flat[name] = text;
                }
            }
            else
            {
                flat[prefix + property.Name] = value is IEnumerable items and not string ? string.Join(';', items.Cast<object>()) : value?.ToString() ?? "";
            }
        }

        return flat;
    }
}
