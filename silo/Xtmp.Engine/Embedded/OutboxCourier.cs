using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// Carries committed messages from grain to grain until they are delivered or refused for good. It keeps a bounded number
/// in memory; what does not fit, or keeps failing, is left in the store and found again by paging through it.
/// </summary>
internal sealed class OutboxCourier
{
    // After these tries in memory a message makes room for others and is found again in the store.
    private const int TriesInMemory = 8;
    private const int PageSize = 256;

    private readonly Lock _lock = new();
    private readonly EmbeddedEngine _engine;
    private readonly Dictionary<OutboxId, Turn?> _held = [];
    private readonly CourierInvoker _invoker;
    private readonly HashSet<Delivery> _resting = [];
    private ITimer? _rescan;
    private bool _leftInStore;
    private bool _scanning;
    private bool _stopped;

    public OutboxCourier(EmbeddedEngine engine)
    {
        _engine = engine;
        _invoker = new CourierInvoker(engine);
        Active = new ActivityCounter(engine.Activity);
    }

    /// <summary>Deliveries under way, without those that wait for their next try.</summary>
    public ActivityCounter Active { get; }

    /// <summary>Messages in memory.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Takes up what an earlier run left undelivered.</summary>
    public async Task StartAsync()
    {
        _rescan = _engine.TimeProvider.CreateTimer(static state => ((OutboxCourier)state!).Rescan(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_lock)
        {
            _scanning = true;
        }

        await ScanAsync().ConfigureAwait(false);
    }

    /// <summary>A message has been committed.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="message">The message.</param>
    /// <param name="waiting">The turn whose reply waits for the delivery, or null.</param>
    public void Accept(OutboxId id, in StagedMessage message, Turn? waiting)
    {
        if (!TryHold(id, waiting))
        {
            // The turn's own patience releases its reply.
            return;
        }

        Start(new Delivery(this, id, message.Target, message.Method, message.Request, message.Notify));
    }

    /// <summary>Starts no further deliveries and waits for those under way.</summary>
    public async Task StopAsync()
    {
        lock (_lock)
        {
            _stopped = true;
        }

        _rescan?.Dispose();
        await Active.WhenZeroAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the waits between tries.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _stopped = true;
            foreach (var delivery in _resting)
            {
                delivery.Rest?.Dispose();
            }

            _resting.Clear();
        }

        _rescan?.Dispose();
    }

    private static bool CanSucceedLater(XtmpException error) =>
        error.Retryable
        || error.Code is XtmpErrorCode.Internal or XtmpErrorCode.Timeout or XtmpErrorCode.Overloaded or XtmpErrorCode.StorageUnavailable
            or XtmpErrorCode.ShuttingDown or XtmpErrorCode.NotServed or XtmpErrorCode.CallCycle or XtmpErrorCode.OutcomeUnknown;

    private bool TryHold(OutboxId id, Turn? waiting)
    {
        lock (_lock)
        {
            if (_stopped || _held.Count >= _engine.Options.MaxOutboxInFlight)
            {
                if (!_leftInStore && !_stopped)
                {
                    _leftInStore = true;
                    _rescan?.Change(_engine.Options.OutboxRetryMin, Timeout.InfiniteTimeSpan);
                }

                return false;
            }

            return _held.TryAdd(id, waiting);
        }
    }

    private void Start(Delivery delivery)
    {
        Active.Add();
        ThreadPool.UnsafeQueueUserWorkItem(delivery, preferLocal: false);
    }

    /// <summary>One try.</summary>
    private async Task RunAsync(Delivery delivery)
    {
        try
        {
            if (await TryDeliverAsync(delivery).ConfigureAwait(false) is not { } error)
            {
                _engine.Metrics.OutboxDelivered.Add(1);
                Drop(delivery.Id, refusal: null);
            }
            else if (!CanSucceedLater(error) && await TryRefuseAsync(delivery, error).ConfigureAwait(false))
            {
                Drop(delivery.Id, error);
            }
            else
            {
                _engine.Metrics.OutboxRetries.Add(1);
                if (++delivery.Tries >= TriesInMemory || !TryRest(delivery))
                {
                    Leave(delivery.Id);
                }
            }
        }
        catch (Exception error)
        {
            _engine.Report(delivery.Id.Source, $"The outbox message {delivery.Id} to {delivery.Target} stays in the store.", error);
            Leave(delivery.Id);
        }
        finally
        {
            Active.Remove();
        }
    }

    // The timer is set before this try stops being active, and the next try is active before the timer's callback returns:
    // who waits for quiet and then moves the clock meets neither a try that nobody counts nor a timer not yet set.
    private bool TryRest(Delivery delivery)
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return false;
            }

            _resting.Add(delivery);
            delivery.Rest = _engine.TimeProvider.CreateTimer(static state => ((Delivery)state!).Rested(), delivery, Backoff(delivery.Tries), Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    private void Rested(Delivery delivery)
    {
        lock (_lock)
        {
            if (!_resting.Remove(delivery))
            {
                return;
            }

            delivery.Rest?.Dispose();
            delivery.Rest = null;
            if (!_stopped)
            {
                Start(delivery);
                return;
            }
        }

        Leave(delivery.Id);
    }

    private async Task<XtmpException?> TryDeliverAsync(Delivery delivery)
    {
        try
        {
            await _invoker.DeliverAsync(delivery.Method, delivery.Target, delivery.Request).ConfigureAwait(false);
        }
        catch (XtmpException error)
        {
            return error;
        }

        if (!delivery.Notify)
        {
            await _engine.Store.RemoveOutboxAsync(delivery.Id).ConfigureAwait(false);
            return null;
        }

        try
        {
            await _engine.RunAsync(new DeliveredTurn(_engine, delivery.Id, delivery.Request, delivery.Target)).ConfigureAwait(false);
            return null;
        }
        catch (XtmpException error)
        {
            // The receiver has it, so whatever stopped the sender is no refusal: the news is brought again.
            return new XtmpException(error.Code, error.Fault, error.Message, retryable: true);
        }
    }

    private async Task<bool> TryRefuseAsync(Delivery delivery, XtmpException error)
    {
        try
        {
            await _engine.RunAsync(new RefusalTurn(_engine, delivery.Id, delivery.Request, delivery.Target, error)).ConfigureAwait(false);
            return true;
        }
        catch (XtmpException)
        {
            // The sender cannot take it back now; the whole delivery is tried again later.
            return false;
        }
    }

    private TimeSpan Backoff(int tries)
    {
        var wait = _engine.Options.OutboxRetryMin * Math.Pow(2, tries - 1);
        return wait < _engine.Options.OutboxRetryMax ? wait : _engine.Options.OutboxRetryMax;
    }

    private void Drop(OutboxId id, XtmpException? refusal)
    {
        Turn? waiting;
        lock (_lock)
        {
            _held.Remove(id, out waiting);
        }

        waiting?.ReleaseHold(refusal);
    }

    private void Leave(OutboxId id)
    {
        lock (_lock)
        {
            _held.Remove(id);
            _leftInStore = true;
            if (!_stopped)
            {
                _rescan?.Change(_engine.Options.OutboxRetryMax, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Rescan()
    {
        lock (_lock)
        {
            if (_scanning || _stopped)
            {
                return;
            }

            _scanning = true;
        }

        Active.Add();
        _ = Task.Run(async () =>
        {
            try
            {
                await ScanAsync().ConfigureAwait(false);
            }
            finally
            {
                Active.Remove();
            }
        });
    }

    // Pages from the first message to the last and takes up each that is not under way, as far as there is room.
    private async Task ScanAsync()
    {
        lock (_lock)
        {
            _leftInStore = false;
        }

        try
        {
            OutboxId? after = null;
            while (true)
            {
                var page = await _engine.StoreCall(static (store, last) => store.ReadOutboxAsync(last, PageSize), after, grain: null).ConfigureAwait(false);
                foreach (var record in page)
                {
                    after = record.Id;
                    TakeUp(record);
                }

                bool full;
                lock (_lock)
                {
                    full = _stopped || _held.Count >= _engine.Options.MaxOutboxInFlight;
                    _leftInStore |= full && page.Count > 0;
                }

                if (page.Count == 0 || full)
                {
                    break;
                }
            }
        }
        catch (XtmpException)
        {
            // Reported by StoreCall; the next look may find the store well again.
            lock (_lock)
            {
                _leftInStore = true;
            }
        }
        finally
        {
            lock (_lock)
            {
                _scanning = false;
                if (_leftInStore && !_stopped)
                {
                    _rescan?.Change(_engine.Options.OutboxRetryMax, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    private void TakeUp(OutboxRecord record)
    {
        if (_engine.FindMethod(record.Target.Kind, record.Method) is not { } method)
        {
            Unreadable(record, "no such method is registered");
            return;
        }

        if (method.TryDecodeRequest(record.Payload.Span, DecodeLimits.Untrusted, out var request, out _, out var error) != DecodeStatus.Ok)
        {
            Unreadable(record, error.ToString());
            return;
        }

        if (TryHold(record.Id, waiting: null))
        {
            Start(new Delivery(this, record.Id, record.Target, method, request!, record.Notify));
        }
    }

    // It stays stored for a build that can read it.
    private void Unreadable(OutboxRecord record, string why) =>
        _engine.Report(record.Id.Source, $"The outbox message {record.Id} to {record.Target}.{record.Method} cannot be read ({why}) and stays in the store.", null);

    private sealed class Delivery(OutboxCourier courier, OutboxId id, GrainId target, MethodDescriptor method, IXtmpMessage request, bool notify) : IThreadPoolWorkItem
    {
        public OutboxId Id { get; } = id;

        public GrainId Target { get; } = target;

        public MethodDescriptor Method { get; } = method;

        public IXtmpMessage Request { get; } = request;

        public bool Notify { get; } = notify;

        /// <summary>Tries that have failed.</summary>
        public int Tries { get; set; }

        /// <summary>Ends the wait for the next try; null while none is waited for.</summary>
        public ITimer? Rest { get; set; }

        public void Rested() => courier.Rested(this);

        void IThreadPoolWorkItem.Execute() => _ = courier.RunAsync(this);
    }
}
