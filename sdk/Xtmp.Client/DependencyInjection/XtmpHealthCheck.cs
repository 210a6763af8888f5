using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Xtmp.Client;

/// <summary>
/// Healthy while the connection takes calls. A connection that nobody has used yet is opened, so that a wrong setting
/// shows; one that is reconnecting is reported as it is, with the reason.
/// </summary>
internal sealed class XtmpHealthCheck(XtmpConnection connection) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var failure = connection.LastFailure;
        if (connection.State == XtmpConnectionState.Connecting)
        {
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (XtmpException error)
            {
                failure = error;
            }
            catch (ObjectDisposedException)
            {
                // The state says so.
            }
        }

        var state = connection.State;
        return state == XtmpConnectionState.Connected
            ? HealthCheckResult.Healthy($"Connected to {connection.Endpoint}.")
            : new HealthCheckResult(context.Registration.FailureStatus, $"{state}: {failure?.Message ?? "no session with a silo"}", failure);
    }
}
