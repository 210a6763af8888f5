using System.Buffers.Binary;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// The endpoints of a connection with what is known of each: the failures in a row, when it may be tried again, how many
/// sessions it has, its tickets and its trust policy. Shared by all sessions of the connection; safe for concurrent use.
/// </summary>
internal sealed class EndpointSet : IDisposable
{
    private const int MaxDoublings = 20;

    private readonly Lock _gate = new();
    private readonly Endpoint[] _endpoints;
    private readonly XtmpClientOptions _options;
    private readonly long _origin;

    public EndpointSet(IReadOnlyList<XtmpEndpoint> endpoints, XtmpClientOptions options)
    {
        _options = options;
        _origin = options.TimeProvider.GetTimestamp();
        var pinned = options.ServerTrust ?? (options.ServerFingerprint is { } current ? TrustPolicy.Pinned(current, options.NextServerFingerprint) : null);
        var hosts = pinned is null ? KnownHostsFile.Open(options.KnownHostsPath!) : null;
        _endpoints = [.. endpoints.Select(address => new Endpoint(address, pinned ?? TrustPolicy.FirstUse(hosts!, $"{address.Host}:{address.Port}")))];
    }

    public int Count => _endpoints.Length;

    private TimeSpan Now => _options.TimeProvider.GetElapsedTime(_origin);

    /// <summary>
    /// The endpoint to try next: of those that may be tried now the one with the fewest sessions, of these the one that failed
    /// least often since its last success, at random among equals. A WebSocket endpoint has its turn where no other may be
    /// tried, or all others have failed more often. Null while all of them have to wait; then <paramref name="wait"/> says how long.
    /// </summary>
    public Endpoint? Choose(out TimeSpan wait)
    {
        lock (_gate)
        {
            var now = Now;
            var ready = _endpoints.Where(endpoint => endpoint.NotBefore <= now).ToArray();
            if (ready.Length == 0)
            {
                wait = _endpoints.Min(endpoint => endpoint.NotBefore) - now;
                return null;
            }

            wait = default;
            var direct = ready.Where(endpoint => !endpoint.Address.IsWebSocket).ToArray();
            if (direct.Length is > 0 && direct.Length < ready.Length)
            {
                var fallback = ready.Except(direct).ToArray();
                ready = direct.Min(endpoint => endpoint.Failures) <= fallback.Min(endpoint => endpoint.Failures) ? direct : fallback;
            }

            var fewest = ready.Min(endpoint => (endpoint.Sessions, endpoint.Failures));
            var best = ready.Where(endpoint => (endpoint.Sessions, endpoint.Failures) == fewest).ToArray();
            var chosen = best[best.Length == 1 ? 0 : (int)(Random() * best.Length)];
            chosen.Sessions++;
            return chosen;
        }
    }

    /// <summary>A session was established there.</summary>
    public void Succeeded(Endpoint endpoint)
    {
        lock (_gate)
        {
            endpoint.Failures = 0;
            endpoint.NotBefore = default;
        }
    }

    /// <summary>The session that <see cref="Choose"/> was for is over, or never was.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="failed">The next attempt there has to wait.</param>
    /// <param name="retryAfter">How long the server asked to be left alone: a hint that counts up to the greatest pause.</param>
    public void Released(Endpoint endpoint, bool failed, TimeSpan? retryAfter = null)
    {
        lock (_gate)
        {
            endpoint.Sessions--;
            if (!failed)
            {
                return;
            }

            // Full jitter: clients that lost the same server do not come back at the same moment.
            var max = Math.Min(_options.ReconnectDelay.TotalSeconds * Math.Pow(2, Math.Min(endpoint.Failures, MaxDoublings)), _options.MaxReconnectDelay.TotalSeconds);
            var delay = TimeSpan.FromSeconds(max * Random());
            var asked = retryAfter is { } hint && hint > TimeSpan.Zero ? TimeSpan.FromTicks(Math.Min(hint.Ticks, _options.MaxReconnectDelay.Ticks)) : default;
            endpoint.Failures++;
            endpoint.NotBefore = Now + (delay > asked ? delay : asked);
        }
    }

    public void Dispose()
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Tickets.Dispose();
        }
    }

    /// <summary>From 0 to below 1.</summary>
    private double Random()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _options.Entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (uint.MaxValue + 1.0);
    }

    /// <summary>One endpoint. The numbers are the set's to change.</summary>
    internal sealed class Endpoint(XtmpEndpoint address, ITrustPolicy trust)
    {
        public XtmpEndpoint Address { get; } = address;

        public ITrustPolicy Trust { get; } = trust;

        public TicketStore Tickets { get; } = new();

        public int Sessions { get; set; }

        public int Failures { get; set; }

        public TimeSpan NotBefore { get; set; }
    }
}
