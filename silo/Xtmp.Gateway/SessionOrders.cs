using Microsoft.Extensions.Logging;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// Orders of operators about this gateway's sessions, which may come from any silo of the cluster: to tell how a connection is,
/// and to close it. One stream for all sessions; it is opened again when it ends.
/// </summary>
internal sealed partial class SessionOrders : IDisposable
{
    private const int NameSize = 16;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly GatewayServices _services;
    private readonly CancellationTokenSource _stopping = new();
    private int _following;

    public SessionOrders(GatewayServices services)
    {
        _services = services;
        Span<byte> name = stackalloc byte[NameSize];
        SystemEntropy.Instance.Fill(name);
        Gateway = Convert.ToHexStringLower(name);
    }

    /// <summary>Where orders go: a name that no other gateway ever had.</summary>
    public string Gateway { get; }

    /// <summary>Listens from now on; a gateway without a recorded session need not.</summary>
    public void Follow()
    {
        if (Interlocked.Exchange(ref _following, 1) == 0)
        {
            _ = Task.Run(FollowAsync);
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task FollowAsync()
    {
        var stopping = _stopping.Token;
        var orders = new GatewayClient(_services.Invoker);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var order in orders.FollowAsync(new GatewayFollow { Gateway = Gateway }, stopping).WithCancellation(stopping).ConfigureAwait(false))
                {
                    if (_services.Live.TryGetValue(order.SessionId, out var session))
                    {
                        session.Carry(order);
                    }
                }
            }
            catch (XtmpException error) when (error.Code is XtmpErrorCode.NotServed or XtmpErrorCode.ShuttingDown)
            {
                // Nobody gives orders here, or not for long any more.
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                LogLost(_services.Logger, error.Message);
            }

            try
            {
                await Task.Delay(s_pause, _services.Clock.TimeProvider, stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(EventId = 3040, Level = LogLevel.Warning, Message = "orders about sessions cannot be heard now: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
