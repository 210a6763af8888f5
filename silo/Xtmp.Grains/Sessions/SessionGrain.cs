using Orleans.Placement;
using System.Globalization;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// What the silos of a cluster know of a session, during the connection and after it. The gateway tells what happens; operators
/// ask, and have it closed. How the connection is now only its gateway can say, wherever that is.
/// </summary>
[PreferLocalPlacement]
public sealed class SessionGrain : XtmpGrain<SessionRecord>, ISessionHandler
{
    private const int MaxWallets = 16;
    private const string ForgetReminder = "forget";

    private readonly GrainOptions _options;
    private readonly List<IDeferredReply<SessionInfoReply>> _asking = [];
    private readonly List<IDeferredReply<SessionDisconnectReply>> _closing = [];

    public SessionGrain(GrainOptions options)
    {
        _options = options;
    }

    public ValueTask<SessionOpenedReply> OpenedAsync(SessionOpened request, CallContext context = default)
    {
        if (State is null)
        {
            State = new SessionRecord
            {
                PeerAddress = request.PeerAddress,
                Identity = request.Identity,
                Wallets = [],
                OpenedAt = request.At,
                Requests = 0,
                Gateway = request.Gateway,
            };
            Context.SetReminder(ForgetReminder, _options.SessionRetention, _options.SessionRetention);
            Announce(State);
        }

        return new(new SessionOpenedReply { SessionId = request.SessionId, Wallets = State.Wallets });
    }

    public ValueTask<SessionWalletBoundReply> WalletBoundAsync(SessionWalletBound request, CallContext context = default)
    {
        var record = RequireState();
        if (!record.Wallets.Any(wallet => wallet.Span.SequenceEqual(request.Wallet.Span)))
        {
            // The latest ones: a session that goes through many wallets does not make its record grow.
            record = State = record with { Wallets = [.. record.Wallets.TakeLast(MaxWallets - 1), request.Wallet], Updates = record.Updates + 1 };
            Announce(record);
        }

        return new(new SessionWalletBoundReply { Wallets = record.Wallets });
    }

    public ValueTask<SessionClosedReply> ClosedAsync(SessionClosed request, CallContext context = default)
    {
        var record = RequireState();
        if (record.ClosedAt is null)
        {
            record = State = record with
            {
                ClosedAt = request.At,
                CloseCode = (byte)request.Code,
                CloseReason = request.Reason,
                Requests = request.Requests,
                Quality = request.Quality is { } quality ? StoredValues.Encode(quality) : default(ReadOnlyMemory<byte>?),
                Updates = record.Updates + 1,
            };
            Announce(record);
            AnswerInfo(now: null);
            AnswerDisconnect(closed: true);
        }

        return new(new SessionClosedReply { SessionId = request.SessionId, OpenFor = OpenFor(record) });
    }

    public ValueTask<SessionInfoReply> InfoQueryAsync(SessionInfoQuery request, CallContext context = default)
    {
        if (State is not { ClosedAt: null, Gateway: { } gateway })
        {
            return new(ToInfo());
        }

        var nothing = Context.DeferReply<SessionInfoReply>(out var later);
        _asking.Add(later);
        Context.Publish(Topics.OfGateway(gateway), new GatewayCommand { SessionId = request.SessionId, Order = GatewayOrder.Report });
        Context.StartTimer(AnswerInfo, _options.GatewayPatience);
        return new(nothing);
    }

    public ValueTask<SessionMeasuredReply> MeasuredAsync(SessionMeasured request, CallContext context = default)
    {
        AnswerInfo(request);
        return new(new SessionMeasuredReply { SessionId = request.SessionId });
    }

    public ValueTask<SessionDisconnectReply> DisconnectAsync(SessionDisconnect request, CallContext context = default)
    {
        if (RequireState() is not { ClosedAt: null, Gateway: { } gateway })
        {
            return new(new SessionDisconnectReply { SessionId = request.SessionId, Closed = State!.ClosedAt is not null });
        }

        var nothing = Context.DeferReply<SessionDisconnectReply>(out var later);
        _closing.Add(later);
        Context.Publish(Topics.OfGateway(gateway), new GatewayCommand { SessionId = request.SessionId, Order = GatewayOrder.Disconnect, Reason = request.Reason });
        Context.StartTimer(
            () =>
            {
                AnswerDisconnect(closed: false);
                return ValueTask.CompletedTask;
            },
            _options.GatewayPatience);
        return new(nothing);
    }

    public ValueTask<SessionSnapshotReply> SnapshotAsync(SessionSnapshot request, CallContext context = default) =>
        new(State is { } record ? new SessionSnapshotReply { Sequence = record.Updates, Update = ToUpdate(record) } : new SessionSnapshotReply { Sequence = 0 });

    /// <summary>Anybody may open sessions, so what is kept of them must not pile up for ever.</summary>
    protected override ValueTask OnReminderAsync(string name)
    {
        if (State is not { } record
            || record.ClosedAt + _options.SessionRetention <= Context.Now
            || record.OpenedAt + (4 * _options.SessionRetention) <= Context.Now)
        {
            Context.Forget();
        }

        return ValueTask.CompletedTask;
    }

    private ulong SessionId => ulong.Parse(Context.Key, CultureInfo.InvariantCulture);

    private SessionInfoReply ToInfo(SessionMeasured? now = null) => State is not { } record
        ? new SessionInfoReply { SessionId = SessionId, Known = false, Wallets = [] }
        : new SessionInfoReply
        {
            SessionId = SessionId,
            Known = true,
            PeerAddress = record.PeerAddress,
            Identity = record.Identity,
            Wallets = record.Wallets,
            OpenedAt = record.OpenedAt,
            ClosedAt = record.ClosedAt,
            CloseCode = (DisconnectCode?)record.CloseCode,
            Quality = now?.Quality ?? (record.Quality is { } last ? StoredValues.Decode<ConnectionQuality>(last) : null),
            Requests = now?.Requests ?? record.Requests,
        };

    private ValueTask AnswerInfo()
    {
        AnswerInfo(now: null);
        return ValueTask.CompletedTask;
    }

    private void AnswerInfo(SessionMeasured? now)
    {
        _asking.ForEach(asking => asking.Complete(ToInfo(now)));
        _asking.Clear();
    }

    private void AnswerDisconnect(bool closed)
    {
        _closing.ForEach(closing => closing.Complete(new SessionDisconnectReply { SessionId = SessionId, Closed = closed }));
        _closing.Clear();
    }

    private SessionUpdate ToUpdate(SessionRecord record) => new()
    {
        SessionId = SessionId,
        Open = record.ClosedAt is null,
        Wallets = (ushort)record.Wallets.Count,
        CloseCode = (DisconnectCode?)record.CloseCode,
        At = record.ClosedAt ?? record.OpenedAt,
    };

    private void Announce(SessionRecord record)
    {
        var topic = Topics.OfSession(Context.Key);
        Context.Publish(topic, new LiveUpdate { Topic = topic, Sequence = record.Updates, At = Context.Now, Body = ToUpdate(record) });
    }

    // Two readings of a wall clock, which may have been set back in between.
    private static TimeSpan OpenFor(SessionRecord record) =>
        record.ClosedAt is { } closed && closed > record.OpenedAt ? closed - record.OpenedAt : TimeSpan.Zero;

    private SessionRecord RequireState() =>
        State ?? throw Refusal.Of(XtmpErrorCode.NotFound, string.Create(CultureInfo.InvariantCulture, $"No session {Context.Key} was opened here."), "session_id");
}
