using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xtmp.Messages;

namespace Xtmp.Silo.Tests;

/// <summary>Traces and metrics of both ends as an OpenTelemetry collector gets them.</summary>
public sealed class TelemetryTests
{
    private const int ServerKind = 2;
    private const int ClientKind = 3;

    [Fact]
    public async Task client_and_server_spans_are_joined_at_an_otlp_collector()
    {
        await using var collector = await OtlpCollector.StartAsync();

        // Other tests of this process are not to fill the exporter's queue: only what belongs to this caller's trace is taken.
        using var tracing = Sdk.CreateTracerProviderBuilder()
            .SetSampler(new ParentBasedSampler(new AlwaysOffSampler()))
            .AddSource("Xtmp.*")
            .AddOtlpExporter(exporter => Configure(exporter, $"{collector.Endpoint}/v1/traces"))
            .Build();
        using var metering = Sdk.CreateMeterProviderBuilder()
            .AddMeter("Xtmp.*")
            .AddOtlpExporter((exporter, _) => Configure(exporter, $"{collector.Endpoint}/v1/metrics"))
            .Build();
        await using var silo = await TestSilo.StartAsync();
        await using var client = await silo.ConnectAsync();

        using var caller = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C);
        caller.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        caller.Start();
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await client.Wallet.BalanceAsync(new WalletBalance { Wallet = new byte[32] }));
        caller.Stop();
        var trace = caller.TraceId.ToHexString();

        // The server's span may end a moment after the client has its answer.
        Task<OtlpSpan> FlushedAsync(string scope)
        {
            Assert.True(tracing.ForceFlush());
            return collector.TakeSpanAsync(span => span.TraceId == trace && span.Scope == scope);
        }

        var clientSpan = await FlushedAsync("Xtmp.Client");
        await silo.Host.StopAsync();
        var serverSpan = await FlushedAsync("Xtmp.Gateway");
        Assert.Equal(("Wallet/Balance", ClientKind, caller.SpanId.ToHexString()), (clientSpan.Name, clientSpan.Kind, clientSpan.ParentId));
        Assert.Equal(("Wallet/Balance", ServerKind, clientSpan.SpanId), (serverSpan.Name, serverSpan.Kind, serverSpan.ParentId));
        Assert.Equal(error.Code.ToString(), clientSpan.ErrorType);
        Assert.Equal(error.Code.ToString(), serverSpan.ErrorType);
        Assert.True(metering.ForceFlush());
        Assert.Contains("rpc.client.call.duration", collector.Metrics);
        Assert.Contains("rpc.server.call.duration", collector.Metrics);
    }

    private static void Configure(OtlpExporterOptions exporter, string endpoint)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri(endpoint);
    }
}
