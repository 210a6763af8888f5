using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xtmp;

// What a newcomer writes: nothing but the namespace Xtmp, and a container.
using var aliceKey = IdentityFile.LoadOrCreate(args[2]);
using var bobKey = IdentityFile.LoadOrCreate("bob.pem");
await using (var xtmp = new XtmpConnection(args[0], new() { ServerFingerprint = Fingerprint.Parse(args[1]), Identity = aliceKey }))
{
    var alice = new XtmpWallet(xtmp, aliceKey);
    var bob = new XtmpWallet(xtmp, bobKey);
    await alice.RegisterAsync("alice");
    await bob.RegisterAsync("bob");
    await alice.TransferAsync(bob.Id, 250_00);
    await foreach (var update in alice.UpdatesAsync())
    {
        Console.WriteLine(update);
        break;
    }

    Console.WriteLine($"alice has {(await alice.BalanceAsync()).Balance}");
}

var services = new ServiceCollection();
services.AddLogging();
services.AddXtmpClient(settings => (settings.Endpoint, settings.ServerFingerprint, settings.IdentityFile) = (args[0], args[1], args[2]));
services.AddHealthChecks().AddXtmpClient();
await using var provider = services.BuildServiceProvider();
var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
Console.WriteLine($"{report.Status.ToString().ToLowerInvariant()}: {report.Entries["xtmp"].Description}");
