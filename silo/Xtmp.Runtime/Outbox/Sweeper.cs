using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Runtime.Wire;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// Wakes grains whose reminders are due, or whose outbox was left by an activation that went. Each active silo takes its
/// share of the grains; two that look at once do no harm, since the grain itself knows what it has done. Runs at the start,
/// with every change of membership, when a reminder comes due, and from time to time.
/// </summary>
internal sealed partial class Sweeper : ILifecycleParticipant<ISiloLifecycle>, ISiloStatusListener
{
    private const int PageSize = 256;

    // A sweep that failed, or that found more due than one page holds, comes back this soon.
    private static readonly TimeSpan SoonestAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TurnServices _services;
    private readonly ISiloStatusOracle _silos;
    private readonly ILogger _logger;
    private ITimer? _timer;
    private DateTimeOffset _wakes = DateTimeOffset.MaxValue;
    private bool _isRunning;
    private bool _runsAgain;
    private bool _isStopped = true;
    private TaskCompletionSource? _ended;

    public Sweeper(TurnServices services, ISiloStatusOracle silos, ILogger<Sweeper> logger)
    {
        _services = services;
        _silos = silos;
        _logger = logger;
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(Sweeper), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status is SiloStatus.Dead or SiloStatus.Active)
        {
            Wake();
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = _services.Time.CreateTimer(static state => ((Sweeper)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _isStopped = false;
        _services.ReminderSet = WakeAt;
        _services.OutboxLeft = () => WakeAt(_services.Time.GetUtcNow() + _services.Options.OutboxRetryMax);
        _silos.SubscribeToSiloStatusEvents(this);
        Wake();
        return Task.CompletedTask;
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        _silos.UnSubscribeFromSiloStatusEvents(this);
        lock (_lock)
        {
            _isStopped = true;
            _timer?.Dispose();
            if (!_isRunning)
            {
                return Task.CompletedTask;
            }

            _ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _ended.Task.WaitAsync(cancellationToken);
        }
    }

    private void WakeAt(DateTimeOffset due)
    {
        var isDue = false;
        lock (_lock)
        {
            if (due >= _wakes || _isStopped)
            {
                return;
            }

            var wait = due - _services.Time.GetUtcNow();
            isDue = wait <= TimeSpan.Zero;
            if (!isDue)
            {
                _wakes = due;
                _timer!.Change(wait, Timeout.InfiniteTimeSpan);
            }
        }

        if (isDue)
        {
            Wake();
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _runsAgain = _isRunning;
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
            _wakes = DateTimeOffset.MaxValue;
            _services.Activity.Add();
        }

        _ = Task.Run(RunAsync);
    }

    private async Task RunAsync()
    {
        var next = _services.Time.GetUtcNow() + _services.Options.SweepInterval;
        try
        {
            var isComplete = await SweepAsync().ConfigureAwait(false);
            if (await _services.Store.ReadNextReminderAsync().ConfigureAwait(false) is { } due && due < next)
            {
                next = due;
            }

            var soonest = _services.Time.GetUtcNow() + SoonestAgain;
            next = !isComplete && next < soonest ? soonest : next;
        }
        catch (XtmpException error)
        {
            LogFailed(_logger, error);
            _services.StorageFailed(error, grain: null);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or OperationCanceledException)
        {
            LogFailed(_logger, error);
        }
        finally
        {
            bool again;
            lock (_lock)
            {
                _isRunning = false;
                again = _runsAgain;
                _runsAgain = false;
                _ended?.TrySetResult();
            }

            if (again)
            {
                Wake();
            }
            else
            {
                WakeAt(next);
            }

            _services.Activity.Remove();
        }
    }

    /// <summary>False where a reminder could not be run now.</summary>
    private async Task<bool> SweepAsync()
    {
        var active = _silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Order().ToArray();
        var self = Array.IndexOf(active, _silos.SiloAddress);
        bool IsMine(GrainId id) => active.Length <= 1 || self < 0 || (uint)Hash(id) % active.Length == self;

        OutboxId? after = null;
        while (true)
        {
            var page = await _services.Store.ReadOutboxAsync(after, PageSize).ConfigureAwait(false);
            foreach (var record in page)
            {
                after = record.Id;
                if (!IsMine(record.Id.Source))
                {
                    continue;
                }

                if (!_services.Kinds.TryGet(record.Id.Source.Kind, out _))
                {
                    _services.Report(record.Id.Source, $"The outbox message {record.Id} stays in the store: this silo serves no such kind.", null);
                    continue;
                }

                await _services.References.Get(record.Id.Source).ResumeAsync(ToBytes(record)).ConfigureAwait(false);
            }

            if (page.Count < PageSize)
            {
                break;
            }
        }

        var due = await _services.Store.ReadDueRemindersAsync(_services.Time.GetUtcNow(), PageSize).ConfigureAwait(false);
        var run = await Task.WhenAll(due
            .Where(reminder => IsMine(reminder.Id) && _services.Kinds.TryGet(reminder.Id.Kind, out _))
            .Select(RemindAsync)).ConfigureAwait(false);
        return due.Count < PageSize && run.All(done => done);
    }

    private async Task<bool> RemindAsync(DueReminder reminder)
    {
        try
        {
            return await _services.References.Get(reminder.Id).RemindAsync(reminder.Reminder.Name, reminder.Reminder.Due).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private static byte[] ToBytes(OutboxRecord record) => new RemoteMessage
    {
        Version = record.Id.Version,
        Ordinal = record.Id.Ordinal,
        Target = new RemoteGrain { Kind = record.Target.Kind, Key = record.Target.Key },
        Method = record.Method,
        Request = record.Payload,
        Notify = record.Notify,
    }.ToBytes();

    // The same on every silo, which string.GetHashCode is not.
    private static int Hash(GrainId id)
    {
        var hash = 17;
        foreach (var unit in id.Key)
        {
            hash = unchecked((hash * 31) + unit);
        }

        return hash;
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "a look for due reminders and messages left in the store failed; the next one comes in time")]
    private static partial void LogFailed(ILogger logger, Exception error);
}
