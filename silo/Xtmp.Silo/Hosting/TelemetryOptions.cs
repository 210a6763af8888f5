namespace Xtmp.Silo;

/// <summary>Where metrics, and of the silo's own process its log, are sent over OTLP.</summary>
public sealed record TelemetryOptions
{
    /// <summary>The collector; null: nowhere.</summary>
    public Uri? Endpoint { get; init; }

    public OtlpProtocol Protocol { get; init; } = OtlpProtocol.Grpc;

    /// <summary>Time between two sendings of metrics.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>How a collector is spoken to.</summary>
public enum OtlpProtocol
{
    /// <summary>gRPC, usually port 4317.</summary>
    Grpc,

    /// <summary>Protobuf over HTTP, usually port 4318.</summary>
    HttpProtobuf,
}
