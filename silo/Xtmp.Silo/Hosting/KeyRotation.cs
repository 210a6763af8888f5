using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xtmp.Session;

namespace Xtmp.Silo;

/// <summary>
/// Turns the keys of tickets on time and erases the old ones, whether tickets are used or not, and warns while there is time of a
/// silo's certificate that ends. Keys of sessions are renewed by the sessions themselves.
/// </summary>
internal sealed partial class KeyRotation(IOptions<SiloOptions> options, XtmpSilo silo) : IHostedService, IAsyncDisposable
{
    /// <summary>How long before its end a certificate is warned of.</summary>
    public static readonly TimeSpan CertificateWarning = TimeSpan.FromDays(30);

    // A wall clock may be set forward or back: it is looked at again after this long.
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = options.Value.TimeProvider;
    private readonly ILogger _logger = silo.Loggers.CreateLogger("Xtmp.Silo");
    private DateTimeOffset _until;
    private DateOnly _warned;
    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _until = silo.Tickets.PeriodAt(_time.GetUtcNow()).Until;
        _timer = _time.CreateTimer(static state => ((KeyRotation)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Look();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync().ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _timer, null) is { } timer)
        {
            await timer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Look()
    {
        var now = _time.GetUtcNow();
        if (now >= _until)
        {
            silo.Tickets.EraseOld(now);
            _until = silo.Tickets.PeriodAt(now).Until;
            LogRotated(_logger, _until, TicketKeyRing.OpenPeriods);
        }

        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (silo.CertificateEnd is { } end && end - now < CertificateWarning && _warned != today)
        {
            _warned = today;
            LogCertificateEnds(_logger, end);
        }

        var wait = _until - now + Margin;
        _timer?.Change(wait < MaxWait ? wait : MaxWait, Timeout.InfiniteTimeSpan);
    }

    [LoggerMessage(EventId = 1020, Level = LogLevel.Information, Message = "tickets are sealed under a new key until {Until:u}; keys more than {Periods} periods old are erased")]
    private static partial void LogRotated(ILogger logger, DateTimeOffset until, int periods);

    [LoggerMessage(EventId = 1021, Level = LogLevel.Warning, Message = "the certificate by which the other silos know this one ends at {End:u}: renew it with xtmp-silo cluster join")]
    private static partial void LogCertificateEnds(ILogger logger, DateTimeOffset end);
}
