using System.Diagnostics;
using System.Globalization;
using System.Net;
using Xtmp.Benchmarks.Echo;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>faults</c>: each transport through a proxy that loses, reorders, delays, narrows and moves what it carries. A
/// line says what callers got, and what became of messages that may be lost.
/// </summary>
internal static class FaultsBenches
{
    private const int Callers = 4;
    private const int SampleRate = 100;

    // What is on its way gets this long after the last arrival.
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(2);

    private static readonly (string Name, ProxyFaults Faults)[] s_conditions =
    [
        ("loss 0 %", ProxyFaults.None),
        ("loss 1 %", new() { Loss = 0.01 }),
        ("loss 10 %", new() { Loss = 0.1 }),
        ("loss 30 %", new() { Loss = 0.3 }),
        ("reordering", new() { Reordering = 0.2, Duplication = 0.05 }),
        ("port change", new() { DatagramsPerPort = 40 }),
        ("1-byte segments", new() { SegmentBytes = 1 }),
        ("delay 300 ms", new() { Delay = TimeSpan.FromMilliseconds(300) }),
        ("64 kbit/s", new() { BytesPerSecond = 8_000 }),
    ];

    public static async Task RunAsync(BenchContext context)
    {
        await using var proxy = new FaultyProxy(seed: 1);
        await using var webProxy = new FaultyProxy(seed: 2);
        await using var server = await BenchChild.StartAsync(FaultsServer.Verb, proxy.DatagramEndPoint.ToString());
        IPEndPoint At(int word) => new(IPAddress.Loopback, int.Parse(server.Words[word], CultureInfo.InvariantCulture));
        (proxy.Target, webProxy.Target, proxy.DatagramTarget) = (At(0), At(1), At(2));
        var options = new XtmpClientOptions
        {
            ServerFingerprint = Fingerprint.Parse(server.Words[3]),
            Identity = IdentityKey.Generate(SystemEntropy.Instance),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        (string Name, string Endpoint, ConnectionType Type)[] transports =
        [
            ("TcpReliable", $"xtmp://{proxy.EndPoint}", ConnectionType.TcpReliable),
            ("TcpUdpHybrid", $"xtmp://{proxy.EndPoint}", ConnectionType.TcpUdpHybrid),
            ("UdpFast", $"xtmp://{proxy.EndPoint}", ConnectionType.UdpFast),
            ("WebSocket", $"ws://{webProxy.EndPoint}/xtmp", ConnectionType.WebSocketFallback),
        ];
        foreach (var (condition, faults) in s_conditions)
        {
            foreach (var (name, endpoint, type) in transports)
            {
                proxy.Faults = webProxy.Faults = faults;
                await MeasureAsync(context, server, $"faults.{name}: {condition}", endpoint, options with { ConnectionType = type });
            }
        }
    }

    private static async Task MeasureAsync(BenchContext context, BenchChild server, string name, string endpoint, XtmpClientOptions options)
    {
        await using var connection = new XtmpConnection(endpoint, options);
        var client = new EchoesClient(connection.Invoker);
        await client.CallAsync(new Echo.Echo { Key = "warm", Body = RpcPeer.Body });

        // The path of the datagrams has 3 s to answer; the calls need not wait for it.
        var start = Stopwatch.GetTimestamp();
        var times = new List<double>();
        var failed = 0;
        var sent = 0;
        await Task.WhenAll([SampleAsync(), .. Enumerable.Range(0, Callers).Select(CallAsync)]);
        var arrived = await server.AskAsync(name);
        for (long before = -1; arrived < sent && arrived > before; arrived = await server.AskAsync(name))
        {
            before = arrived;
            await Task.Delay(s_settle);
        }

        var doubles = await server.AskAsync("!" + name);
        times.Sort();
        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = times.Count == 0 ? double.NaN : times[times.Count / 2],
            Unit = "ms p50",
            HigherIsBetter = false,
            Note = $"{times.Count} calls answered, {failed} failed, longest {(times.Count == 0 ? 0 : times[^1]):0} ms; {arrived} of {sent} one-way messages arrived, {doubles} twice",
        });

        async Task CallAsync(int caller)
        {
            while (Stopwatch.GetElapsedTime(start) < context.Budget * 2)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    await client.CallAsync(new Echo.Echo { Key = $"caller-{caller}", Body = RpcPeer.Body });
                    lock (times)
                    {
                        times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    }
                }
                catch (XtmpException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }

        async Task SampleAsync()
        {
            for (; Stopwatch.GetElapsedTime(start) < context.Budget * 2; sent++)
            {
                await client.NoteAsync(new Sample { Key = name, Number = (ulong)sent, Body = default });
                await Task.Delay(TimeSpan.FromSeconds(1.0 / SampleRate));
            }
        }
    }
}
