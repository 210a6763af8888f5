using System.Net;
using System.Text;

namespace Xtmp.Silo.Tests.Operations;

public sealed class TelemetryTests
{
    [Fact]
    public async Task metrics_reach_a_collector_over_otlp()
    {
        using var collector = new HttpListener();
        var port = FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            Telemetry = new TelemetryOptions { Endpoint = new Uri($"http://127.0.0.1:{port}"), Protocol = OtlpProtocol.HttpProtobuf, Interval = TimeSpan.FromMilliseconds(200) },
        });
        await using var client = await silo.ConnectAsync();
        for (var text = ""; !text.Contains("xtmp.gateway.connections", StringComparison.Ordinal);)
        {
            var context = await collector.GetContextAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Matches("^/v1/(metrics|traces)$", context.Request.Url!.AbsolutePath);
            Assert.Equal("application/x-protobuf", context.Request.ContentType);
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            context.Response.Close();
            text = Encoding.Latin1.GetString(body.ToArray());
            Assert.Contains(silo.Host.Fingerprint.ToString(), text, StringComparison.Ordinal);
        }
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
