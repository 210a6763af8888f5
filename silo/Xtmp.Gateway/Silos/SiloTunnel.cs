using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// Carries connections between silos inside XTMP sessions: both ends prove an identity that the cluster's root has signed, and
/// what was a byte stream in the clear is the payload of one-way messages. Middleware of the connections on either side.
/// </summary>
public sealed partial class SiloTunnel
{
    /// <summary>Connections whose handshake is not over, at one time; one more is closed at once.</summary>
    public const int MaxHalfOpen = 64;

    // No stranger has business here, so there is little room for handshakes that lead to nothing.
    private static readonly GatewayOptions Admission = new() { MaxHandshakes = 100, MaxHandshakesPerAddress = 50, MaxUnaddressedHandshakes = 100 };

    private readonly ServerSessionOptions _server;
    private readonly ClientSessionOptions _client;
    private readonly SessionClock _clock;
    private readonly ILogger _logger;
    private readonly DropLog _refusals;
    private int _halfOpen;

    /// <param name="credentials">What this silo shows, and whom it lets in.</param>
    /// <param name="time">The clock of the sessions and of the certificates' dates.</param>
    /// <param name="logger">Where refused connections are told of.</param>
    public SiloTunnel(SiloCredentials credentials, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        var trust = new SiloTrust(credentials);
        var limits = SessionLimits.Default with { MaxMessageBytes = TunnelBytes.HeadBytes + TunnelBytes.MaxBytes, HandshakeTimeout = TimeSpan.FromSeconds(5) };
        _server = new ServerSessionOptions
        {
            Identity = credentials.Identity,
            Certificate = credentials.ServerCertificate,
            ClientAuthentication = ClientAuthentication.Required,
            ClientTrust = trust,
            Limits = limits,
            CompressFromBytes = 0,
            Admission = new HandshakeAdmission(Admission),
        };
        _client = new ClientSessionOptions
        {
            Identity = credentials.Identity,
            Certificate = credentials.ClientCertificate,
            ServerTrust = trust,
            ServerName = credentials.Cluster,
            Limits = limits,
            CompressFromBytes = 0,
        };
        _clock = new SessionClock(time);
        _logger = logger;
        _refusals = new DropLog(_clock);
    }

    /// <summary>For connections that other silos make to this one.</summary>
    public ConnectionDelegate Inbound(ConnectionDelegate next) => async connection =>
    {
        if (Interlocked.Increment(ref _halfOpen) > MaxHalfOpen)
        {
            Interlocked.Decrement(ref _halfOpen);
            Refused(connection, $"{MaxHalfOpen} connections are in their handshake");
            connection.Abort();
            return;
        }

        var session = XtmpSession.Accept(_server, SystemEntropy.Instance, _clock.Now, connection.RemoteEndPoint);
        await using var tunnel = new TunnelSession(session, new ConnectionLink(connection), _clock);
        SessionClose? close;
        try
        {
            close = await tunnel.HandshakeAsync(connection.ConnectionClosed).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _halfOpen);
        }

        if (close is null)
        {
            await CarryAsync(connection, tunnel, next).ConfigureAwait(false);
            return;
        }

        Refused(connection, close.Text);
        await tunnel.CloseAsync().ConfigureAwait(false);
        await tunnel.RunAsync().ConfigureAwait(false);
    };

    /// <summary>For connections that this silo makes to others.</summary>
    public ConnectionDelegate Outbound(ConnectionDelegate next) => async connection =>
    {
        var session = XtmpSession.Connect(_client, SystemEntropy.Instance, _clock.Now);
        await using var tunnel = new TunnelSession(session, new ConnectionLink(connection), _clock);
        if (await tunnel.HandshakeAsync(connection.ConnectionClosed).ConfigureAwait(false) is { } close)
        {
            await tunnel.CloseAsync().ConfigureAwait(false);
            await tunnel.RunAsync().ConfigureAwait(false);
            throw new XtmpException(close.Code, close.Fault, $"No session with the silo at {connection.RemoteEndPoint}: {close.Text}");
        }

        await CarryAsync(connection, tunnel, next).ConfigureAwait(false);
    };

    private static async Task CarryAsync(ConnectionContext connection, TunnelSession tunnel, ConnectionDelegate next)
    {
        var outer = connection.Transport;
        connection.Transport = tunnel.Inner;
        var carried = tunnel.RunAsync();
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            await tunnel.CloseAsync().ConfigureAwait(false);
            await carried.ConfigureAwait(false);
            connection.Transport = outer;
        }
    }

    private void Refused(ConnectionContext connection, string reason)
    {
        if (_refusals.Add(out var count))
        {
            LogRefused(_logger, connection.RemoteEndPoint?.ToString(), reason, count);
        }
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "connection of a silo from {Peer} refused: {Reason}; {Count} refused since the last line")]
    private static partial void LogRefused(ILogger logger, string? peer, string reason, long count);
}
