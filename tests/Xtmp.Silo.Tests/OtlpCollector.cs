using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Xtmp.Silo.Tests;

/// <summary>A span as it came over OTLP.</summary>
internal sealed record OtlpSpan(string Scope, string TraceId, string SpanId, string ParentId, string Name, int Kind, string? ErrorType);

/// <summary>An OTLP/HTTP collector on a loopback port, which keeps what it is sent. Reads the few fields of the protocol that tests look at.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<OtlpSpan> _spans = [];
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly WebApplication _application;

    private OtlpCollector(WebApplication application) => _application = application;

    public string Endpoint => _application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    public ConcurrentBag<string> Metrics { get; } = [];

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        var collector = new OtlpCollector(application);
        application.Run(collector.TakeAsync);
        await application.StartAsync();
        return collector;
    }

    /// <summary>
    /// The one span that is wanted, among those that come. An exporter's flush does not wait for what its own timer has just begun
    /// to send, so this waits for the span.
    /// </summary>
    public async Task<OtlpSpan> TakeSpanAsync(Func<OtlpSpan, bool> wanted)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!_spans.Any(wanted))
        {
            await _arrived.WaitAsync(patience.Token);
        }

        return Assert.Single(_spans, span => wanted(span));
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _arrived.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        switch (context.Request.Path.Value)
        {
            case "/v1/traces":
                // ExportTraceServiceRequest { 1 ResourceSpans { 2 ScopeSpans { 1 InstrumentationScope { 1 name }, 2 Span } } }
                foreach (var scope in Fields(body.ToArray(), 1).SelectMany(resource => Fields(resource, 2)))
                {
                    var name = Text(Fields(Fields(scope, 1).Single(), 1).Single());
                    foreach (var span in Fields(scope, 2))
                    {
                        // 9 attributes: KeyValue { 1 key, 2 AnyValue { 1 string } }
                        var error = Fields(span, 9).SingleOrDefault(attribute => Text(Fields(attribute, 1).Single()) == "error.type");
                        _spans.Enqueue(new OtlpSpan(
                            name, Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(Fields(span, 5).Single()), Number(span, 6), error is null ? null : Text(Fields(Fields(error, 2).Single(), 1).Single())));
                        _arrived.Release();
                    }
                }

                break;
            case "/v1/metrics":
                // ExportMetricsServiceRequest { 1 ResourceMetrics { 2 ScopeMetrics { 2 Metric { 1 name } } } }
                foreach (var metric in Fields(body.ToArray(), 1).SelectMany(resource => Fields(resource, 2)).SelectMany(scope => Fields(scope, 2)))
                {
                    Metrics.Add(Text(Fields(metric, 1).Single()));
                }

                break;
        }

        context.Response.ContentType = "application/x-protobuf";
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private static string Hex(byte[] message, int number) => Convert.ToHexStringLower(Fields(message, number).SingleOrDefault() ?? []);

    private static int Number(byte[] message, int number)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.Varint))
            {
                return input.ReadInt32();
            }

            input.SkipLastField();
        }

        return 0;
    }

    /// <summary>The values of a length-delimited field of a message.</summary>
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var values = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited))
            {
                values.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return values;
    }
}
