using System.CommandLine;
using System.Globalization;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary><c>xtmp-silo cluster init</c> and <c>join</c>: the keys by which the silos of a cluster know each other.</summary>
internal static class ClusterCommand
{
    private const int MaxDays = 3650;

    public static Command Create()
    {
        var root = new Option<DirectoryInfo>("--root") { Description = "Directory of the cluster's root. Whoever has it can add silos: keep it offline.", Required = true };
        var name = new Option<string>("--name") { Description = "Name of the cluster, which stands in its silos' certificates.", Required = true };
        var init = new Command("init", "Makes the root of a new cluster, and the identity that all its silos show their clients.") { root, name };
        init.SetAction(parsed => Run(() =>
        {
            var directory = parsed.GetValue(root)!.FullName;
            var (rootFingerprint, service) = ClusterKeys.Init(directory, parsed.GetValue(name)!);
            Console.Out.WriteLine($"root {rootFingerprint}");
            Console.Out.WriteLine($"fingerprint {service}");
            Console.Out.WriteLine($"Keep '{directory}' offline. A silo joins with: xtmp-silo cluster join --root '{directory}' --data DATA");
        }));

        var data = new Option<DirectoryInfo>("--data") { Description = "Data directory of a silo; made when missing. Copy it to the silo's machine.", Required = true };
        var days = new Option<int>("--days") { Description = $"How long the silo may take part, 1 to {MaxDays} days; join again to renew.", DefaultValueFactory = _ => (int)ClusterKeys.DefaultLifetime.TotalDays };
        days.Validators.Add(result =>
        {
            if (!int.TryParse(result.Tokens is [{ Value: var text }] ? text : "1", NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value is < 1 or > MaxDays)
            {
                result.AddError($"--days takes a number from 1 to {MaxDays}.");
            }
        });
        var join = new Command("join", "Makes the keys of one more silo, or renews those of one.") { root, data, days };
        join.SetAction(parsed => Run(() =>
        {
            var (silo, until) = ClusterKeys.Join(parsed.GetValue(root)!.FullName, parsed.GetValue(data)!.FullName, TimeSpan.FromDays(parsed.GetValue(days)), TimeProvider.System);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"silo {silo} until {until:u}"));
        }));
        return new Command("cluster", "Makes the keys by which the silos of a cluster know each other.") { init, join };
    }

    private static int Run(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (XtmpException error)
        {
            Console.Error.WriteLine($"xtmp-silo: {error.Message}");
            return 1;
        }
    }
}
