using System.Globalization;
using System.Text.Json.Serialization;
using Xtmp.Gateway;

namespace Xtmp.Silo;

/// <summary>A session as the admin port shows it: its quality, and nothing of who is at the other end.</summary>
internal sealed record SessionView
{
    [JsonPropertyName("session_id")]
    public required string SessionId { get; init; }

    [JsonPropertyName("age_s")]
    public required double Age { get; init; }

    [JsonPropertyName("streams")]
    public required int Streams { get; init; }

    [JsonPropertyName("running")]
    public required int Running { get; init; }

    [JsonPropertyName("calls")]
    public required long Calls { get; init; }

    [JsonPropertyName("error_rate")]
    public required double ErrorRate { get; init; }

    [JsonPropertyName("p50_ms")]
    public required double P50 { get; init; }

    [JsonPropertyName("p90_ms")]
    public required double P90 { get; init; }

    [JsonPropertyName("p99_ms")]
    public required double P99 { get; init; }

    [JsonPropertyName("slowest_ms")]
    public required double Slowest { get; init; }

    [JsonPropertyName("round_trip_ms")]
    public required double? RoundTrip { get; init; }

    [JsonPropertyName("sent_bytes_per_s")]
    public required double SentBytesPerSecond { get; init; }

    [JsonPropertyName("received_bytes_per_s")]
    public required double ReceivedBytesPerSecond { get; init; }

    [JsonPropertyName("datagram_loss")]
    public required double? DatagramLoss { get; init; }

    public static SessionView Of(GatewaySession session)
    {
        var quality = session.Quality;
        return new SessionView
        {
            SessionId = session.SessionId.ToString("x16", CultureInfo.InvariantCulture),
            Age = Math.Round(quality.Age.TotalSeconds, 3),
            Streams = session.Streams,
            Running = session.Running,
            Calls = quality.Calls,
            ErrorRate = Math.Round(quality.ErrorRate, 6),
            P50 = quality.P50.TotalMilliseconds,
            P90 = quality.P90.TotalMilliseconds,
            P99 = quality.P99.TotalMilliseconds,
            Slowest = quality.Slowest.TotalMilliseconds,
            RoundTrip = quality.RoundTrip?.TotalMilliseconds,
            SentBytesPerSecond = Math.Round(quality.BytesSentPerSecond, 1),
            ReceivedBytesPerSecond = Math.Round(quality.BytesReceivedPerSecond, 1),
            DatagramLoss = quality.DatagramLoss,
        };
    }
}
