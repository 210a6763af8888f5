using System.Globalization;
using System.Net;
using Xtmp.Benchmarks.Echo;
using Xtmp.Gateway;
using Xtmp.Runtime;
using Xtmp.Silo;

namespace Xtmp.Benchmarks;

/// <summary>The silo of the verb faults; it tells clients to send datagrams to the proxy.</summary>
internal static class FaultsServer
{
    public const string Verb = "serve-faults";

    public static async Task<int> RunAsync(string datagramEndpoint)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-faults-");
        try
        {
            await using var silo = await SiloHost.StartAsync(
                new SiloOptions
                {
                    DataDirectory = directory.FullName,
                    Port = 0,
                    WebSocket = new IPEndPoint(IPAddress.Loopback, 0),
                    DatagramEndpoint = datagramEndpoint,
                    Gateway = new GatewayOptions { Rates = RateLimits.None },
                },
                handlers: [new SiloHandlers(BenchCatalogue.Schema, silo => silo.AddXtmpGrain<EchoGrain>())]);
            await BenchChild.ServeAsync(
                $"{silo.EndPoint.Port} {silo.WebSocketEndPoint!.Port} {silo.DatagramEndPoint!.Port} {silo.Fingerprint}",
                static question => (question.StartsWith('!') ? EchoGrain.SamplesOf(question[1..]).Doubles : EchoGrain.SamplesOf(question).Count).ToString(CultureInfo.InvariantCulture));
            return 0;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
