using System.Diagnostics;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// A call without its answer yet. It outlives sessions: what a lost one leaves unanswered and is safe to repeat is sent
/// again by the next. The On… methods are called while a pump holds its session: quick, and never waiting.
/// </summary>
internal abstract class PendingCall
{
    private int _abandoned;
    private LiveSession? _session;

    public MethodDescriptor Method { get; private set; } = null!;

    public IXtmpMessage Request { get; private set; } = null!;

    public SendOptions SendOptions { get; private set; }

    /// <summary>Rises with every call of a connection: the order in which calls are sent again.</summary>
    public long Order { get; private set; }

    /// <summary>The exchange on the session it was last sent on.</summary>
    public ulong Exchange { get; private set; }

    /// <summary>The caller's span; default where there is none.</summary>
    public ActivityContext Trace { get; set; }

    /// <summary>When it began, by the clock of its connection, while it is sent without having waited; otherwise null.</summary>
    public TimeSpan? BegunAt { get; set; }

    /// <summary>When it was last sent, by the clock of its connection.</summary>
    public TimeSpan SentAt { get; private set; }

    /// <summary>Where it was last sent; null before it was.</summary>
    public XtmpEndpoint? Endpoint => Volatile.Read(ref _session)?.Endpoint.Address;

    /// <summary>It means something on one session only and is never sent on another.</summary>
    public bool IsBound { get; set; }

    /// <summary>It has been given to a session at least once.</summary>
    public bool WasSent => Volatile.Read(ref _session) is not null;

    public bool IsAbandoned => Volatile.Read(ref _abandoned) != 0;

    /// <summary>The place among the deadlines, which is theirs to keep.</summary>
    internal CallDeadlines.Line? Line { get; set; }

    internal PendingCall? Earlier { get; set; }

    internal PendingCall? Later { get; set; }

    internal TimeSpan Due { get; set; }

    /// <summary>Makes it a new call.</summary>
    protected void Begin(MethodDescriptor method, IXtmpMessage request, SendOptions sendOptions, long order)
    {
        Method = method;
        Request = request;
        SendOptions = sendOptions;
        Order = order;
    }

    /// <summary>Lets go of what was called.</summary>
    protected void Reset()
    {
        Request = null!;
        Trace = default;
        IsBound = false;
        _session = null;
    }

    /// <summary>Nobody waits any more. Whoever of the two comes second, this or <see cref="TryBegin"/>, sees the other.</summary>
    public void Abandon()
    {
        Interlocked.Exchange(ref _abandoned, 1);
        Volatile.Read(ref _session)?.GiveUp(this);
    }

    /// <summary>Lets the server send items up to, not including, this one.</summary>
    public void GrantCredit(ulong limit) => Volatile.Read(ref _session)?.GrantCredit(this, limit);

    /// <summary>The call was given to a session. False where nobody waits for it any more.</summary>
    public bool TryBegin(LiveSession session, ulong exchange, TimeSpan now)
    {
        Exchange = exchange;
        SentAt = now;
        Interlocked.Exchange(ref _session, session);
        return !IsAbandoned;
    }

    /// <summary>The next one of a list of calls that have their replies.</summary>
    internal PendingCall? NextAnswered { get; set; }

    /// <summary>Takes a response, which is the end of the exchange. True where <see cref="Deliver"/> is to follow.</summary>
    public abstract bool OnResponse(in SessionEvent response);

    /// <summary>Has the pool hand the reply to whoever waits. <paramref name="pump"/> expects this sender, where it is not null.</summary>
    public virtual void Deliver(SessionPump? pump)
    {
    }

    /// <summary>Takes an item. True when it cannot be taken and the exchange is to be cancelled.</summary>
    public abstract bool OnItem(in SessionEvent item);

    public abstract void OnEnd();

    public abstract void OnFailed(XtmpException error);

    /// <summary>The time given for the call is over.</summary>
    public virtual void OnDeadline()
    {
    }

    /// <summary>
    /// The session it was sent on is over. True where the next session may send it again; otherwise the call has failed,
    /// and the caller is not told more than anybody knows (SPEC §4).
    /// </summary>
    public virtual bool OnSessionLost(SessionClose close)
    {
        if (Method.Request.Idempotent && !IsBound)
        {
            return true;
        }

        OnFailed(Method.Request.Idempotent ? close.ToException() : new XtmpException(
            XtmpErrorCode.OutcomeUnknown, close.Fault, $"The connection ended before {Method} was answered: {close.Text} Whether it was carried out is unknown."));
        return false;
    }

    private protected static bool TryDecode<T>(in SessionEvent message, DecodeLimits limits, out T? value, out XtmpException? failure)
        where T : class, IXtmpMessage<T>
    {
        var payload = message.Payload.Span;
        var status = T.TryDecode(payload, limits, out value, out var consumed, out var error);
        if (status == DecodeStatus.Ok && !PayloadPadding.IsValid(payload, consumed))
        {
            error = new DecodeError(DecodeStatus.TrailingBytes, consumed, null);
            status = error.Status;
        }

        failure = status == DecodeStatus.Ok
            ? null
            : new XtmpException(XtmpErrorCode.PayloadMalformed, Fault.Peer, $"The server's {T.MessageInfo.Name} cannot be read: {error}.", error.Field);
        return failure is null;
    }
}
