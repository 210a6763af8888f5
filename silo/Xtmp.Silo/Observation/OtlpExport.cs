using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Xtmp.Silo;

/// <summary>The silo's meters and spans to a collector, over OTLP, until it is disposed; then what is left goes out.</summary>
internal sealed class OtlpExport : IDisposable
{
    private const string Names = "Xtmp.*";

    private readonly MeterProvider _meters;
    private readonly TracerProvider _spans;

    public OtlpExport(TelemetryOptions options, string instance)
    {
        _meters = OpenTelemetry.Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(Describe)
            .AddMeter(Names)
            .AddOtlpExporter((exporter, reader) =>
            {
                Configure(exporter, options, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.Interval.TotalMilliseconds;
            })
            .Build();
        _spans = OpenTelemetry.Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(Describe)
            .AddSource(Names)
            .AddOtlpExporter(exporter => Configure(exporter, options, "v1/traces"))
            .Build();

        void Describe(ResourceBuilder resource) => resource.AddService("xtmp-silo", serviceInstanceId: instance);
    }

    /// <param name="exporter">What is set.</param>
    /// <param name="options">Where to.</param>
    /// <param name="path">Over HTTP, the signal's path below the collector's URL.</param>
    public static void Configure(OtlpExporterOptions exporter, TelemetryOptions options, string path)
    {
        var isHttp = options.Protocol == OtlpProtocol.HttpProtobuf;
        exporter.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = isHttp ? new Uri(options.Endpoint!.AbsoluteUri.TrimEnd('/') + "/" + path) : options.Endpoint!;
    }

    public void Dispose()
    {
        _spans.Dispose();
        _meters.Dispose();
    }
}
