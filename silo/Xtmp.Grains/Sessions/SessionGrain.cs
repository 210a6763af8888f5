using Orleans.Placement;
using System.Globalization;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>What a silo remembers of a session after the connection is gone. Called by the gateway, never by a peer.</summary>
[PreferLocalPlacement]
public sealed class SessionGrain : XtmpGrain<SessionRecord>, ISessionHandler
{
    private const int MaxWallets = 16;
    private const string ForgetReminder = "forget";

    private readonly GrainOptions _options;

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
            };
            Context.SetReminder(ForgetReminder, _options.SessionRetention, _options.SessionRetention);
        }

        return new(new SessionOpenedReply { SessionId = request.SessionId, Wallets = State.Wallets });
    }

    public ValueTask<SessionWalletBoundReply> WalletBoundAsync(SessionWalletBound request, CallContext context = default)
    {
        var record = Known();
        if (!record.Wallets.Any(wallet => wallet.Span.SequenceEqual(request.Wallet.Span)))
        {
            // The latest ones: a session that goes through many wallets does not make its record grow.
            record = State = record with { Wallets = [.. record.Wallets.TakeLast(MaxWallets - 1), request.Wallet] };
        }

        return new(new SessionWalletBoundReply { Wallets = record.Wallets });
    }

    public ValueTask<SessionClosedReply> ClosedAsync(SessionClosed request, CallContext context = default)
    {
        var record = Known();
        if (record.ClosedAt is null)
        {
            record = State = record with
            {
                ClosedAt = request.At,
                CloseCode = (byte)request.Code,
                CloseReason = request.Reason,
                Requests = request.Requests,
            };
        }

        return new(new SessionClosedReply { SessionId = request.SessionId, OpenFor = OpenFor(record) });
    }

    public ValueTask<SessionInfoReply> InfoQueryAsync(SessionInfoQuery request, CallContext context = default) =>
        new(State is not { } record
            ? new SessionInfoReply { SessionId = request.SessionId, Known = false, Wallets = [] }
            : new SessionInfoReply
            {
                SessionId = request.SessionId,
                Known = true,
                PeerAddress = record.PeerAddress,
                Identity = record.Identity,
                Wallets = record.Wallets,
                OpenedAt = record.OpenedAt,
                ClosedAt = record.ClosedAt,
                CloseCode = (DisconnectCode?)record.CloseCode,
            });

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

    // Two readings of a wall clock, which may have been set back in between.
    private static TimeSpan OpenFor(SessionRecord record) =>
        record.ClosedAt is { } closed && closed > record.OpenedAt ? closed - record.OpenedAt : TimeSpan.Zero;

    private SessionRecord Known() =>
        State ?? throw Refusal.Of(XtmpErrorCode.NotFound, string.Create(CultureInfo.InvariantCulture, $"No session {Context.Key} was opened here."), "session_id");
}
