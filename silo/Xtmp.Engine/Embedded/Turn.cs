using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// One run of one grain's code with its commit. Two things end separately: the grain is done with the turn (the
/// activation's business), and whoever asked for it has an answer (settled exactly once, by reply, error, timeout or
/// cancellation).
/// </summary>
internal abstract class Turn
{
    private int _settled;
    private int _holds;
    private bool _succeeded;
    private XtmpException? _holdError;
    private ITimer? _timer;
    private CancellationTokenRegistration _registration;

    protected Turn(EmbeddedEngine engine, GrainId target, Turn? caller, CallContext context)
    {
        Engine = engine;
        Target = target;
        Caller = caller;
        Context = context;
        Depth = caller is null ? 1 : caller.Depth + 1;
    }

    public GrainId Target { get; }

    /// <summary>The turn that waits for this one, or null where the call comes from outside.</summary>
    public Turn? Caller { get; }

    public int Depth { get; }

    /// <summary>Where it was enqueued.</summary>
    public Activation? Activation { get; set; }

    /// <summary>The call this turn waits for now, for finding chains that wait on each other.</summary>
    public Turn? WaitingOn;

    /// <summary>True for turns of the engine itself, which a full mailbox and a drain still take.</summary>
    public virtual bool IsInternal => false;

    /// <summary>True where a subscription may be opened: its enumeration outlives the turn.</summary>
    public virtual bool OpensStream => false;

    /// <summary>Subscriptions opened by this turn.</summary>
    public List<ITopicSubscription>? Subscriptions { get; set; }

    public bool IsSettled => Volatile.Read(ref _settled) != 0;

    protected EmbeddedEngine Engine { get; }

    protected CallContext Context { get; }

    /// <summary>Runs the grain's code. May be called again after a conflict, on another instance of the grain.</summary>
    public abstract ValueTask RunAsync(Activation activation, Grain grain, CancellationToken cancellationToken);

    /// <summary>Starts the clock of a call that did not finish at once.</summary>
    public void Arm(TimeSpan timeout)
    {
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            var timer = Engine.TimeProvider.CreateTimer(static state => ((Turn)state!).OnTimer(), this, timeout, Timeout.InfiniteTimeSpan);
            if (Interlocked.CompareExchange(ref _timer, timer, null) is not null)
            {
                // The turn was quicker, and its reply waits for deliveries on a clock of its own.
                timer.Dispose();
            }
        }

        if (Context.CancellationToken.CanBeCanceled)
        {
            _registration = Context.CancellationToken.UnsafeRegister(static state => ((Turn)state!).OnCancelled(), this);
        }

        if (IsSettled)
        {
            Disarm();
        }
    }

    /// <summary>The reply waits for the delivery of that many messages as well; called before they are on their way.</summary>
    public void Hold(int deliveries)
    {
        // One more than messages, so that the last delivery cannot settle before the turn itself is complete.
        _holds = deliveries + 1;
    }

    /// <summary>The turn is committed: its reply leaves now, or when the deliveries it waits for have ended.</summary>
    public void Complete(TimeSpan holdTimeout)
    {
        if (Volatile.Read(ref _holds) == 0)
        {
            Settle(null);
            return;
        }

        _registration.Unregister();
        var timer = Engine.TimeProvider.CreateTimer(static state => ((Turn)state!).Settle(null), this, holdTimeout, Timeout.InfiniteTimeSpan);
        Interlocked.Exchange(ref _timer, timer)?.Dispose();
        ReleaseHold(null);
        if (IsSettled)
        {
            Disarm();
        }
    }

    /// <summary>A delivery that the reply waits for has ended.</summary>
    public void ReleaseHold(XtmpException? refusal)
    {
        if (refusal is not null)
        {
            Interlocked.CompareExchange(ref _holdError, refusal, null);
        }

        if (Interlocked.Decrement(ref _holds) == 0)
        {
            Settle(_holdError);
        }
    }

    public void Fail(Exception error) => Settle(error);

    protected abstract void SetResult();

    protected abstract void SetError(Exception error);

    private void OnTimer()
    {
        Engine.Metrics.Timeouts.Add(1);
        var error = new XtmpException(
            XtmpErrorCode.Timeout,
            Fault.Peer,
            $"{Target.Kind} did not answer in time; what the call changes may still happen.",
            retryable: true);
        if (Settle(error))
        {
            Activation?.CancelTurn(this);
        }
    }

    private void OnCancelled()
    {
        if (Settle(new OperationCanceledException(Context.CancellationToken)))
        {
            Activation?.CancelTurn(this);
        }
    }

    private bool Settle(Exception? error)
    {
        if (Interlocked.Exchange(ref _settled, 1) != 0)
        {
            if (error is null && !_succeeded)
            {
                CloseSubscriptions();
            }

            return false;
        }

        Disarm();
        if (Caller is { } caller)
        {
            Interlocked.CompareExchange(ref caller.WaitingOn, null, this);
        }

        if (error is null)
        {
            _succeeded = true;
            SetResult();
        }
        else
        {
            SetError(error);
        }

        Engine.TurnSettled(this);
        return true;
    }

    /// <summary>Closes what an attempt opened that will not be answered with it.</summary>
    public void CloseSubscriptions()
    {
        if (Subscriptions is { } subscriptions)
        {
            Subscriptions = null;
            subscriptions.ForEach(subscription => subscription.Dispose());
        }
    }

    private void Disarm()
    {
        Interlocked.Exchange(ref _timer, null)?.Dispose();
        _registration.Unregister();
    }
}
