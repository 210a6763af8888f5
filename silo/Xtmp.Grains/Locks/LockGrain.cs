using System.Security.Cryptography;
using System.Text;
using Orleans.Placement;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A space of locks: one grain, so that a request for several locks is one commit and every deadlock among them is seen. The
/// key is the space's name. What is granted is durable before its caller hears of it; who waits is only in memory, since a
/// caller whose grain moved asks again.
/// </summary>
[RandomPlacement]
public sealed class LockGrain : XtmpGrain<LockSpaceState>, ILockHandler
{
    private const string SessionPrefix = "session/";
    private const int LoadPage = 256;

    // After a load a holder gets this long to renew, at least: its silo may have been away.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly GrainOptions _options;
    private readonly LockTable _table = new();
    private readonly Dictionary<LockWait, List<IDeferredReply<LockAcquireReply>>> _callers = [];
    private IDisposable? _timer;
    private TimeSpan? _timerDue;

    public LockGrain(GrainOptions options)
    {
        _options = options;
    }

    public ValueTask<LockSessionCreateReply> SessionCreateAsync(LockSessionCreate request, CallContext context = default)
    {
        var wallet = RequireWallet(context);
        if (!wallet.Span.SequenceEqual(request.Wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session speaks for another wallet.", "wallet");
        }

        // Refusals come before anything changes. The same operation finds the same session as long as it lives.
        var id = SessionId(wallet, request.OperationId);
        if (_table.Find(id) is null)
        {
            if (_table.Sessions.Count >= _options.MaxLockSessions)
            {
                throw Refusal.Of(XtmpErrorCode.Overloaded, "The space has too many lock sessions.", "space", retryable: true);
            }

            if (_table.Sessions.Count(known => known.Wallet.Span.SequenceEqual(wallet.Span)) >= _options.MaxLockSessionsPerWallet)
            {
                throw Refusal.Of(XtmpErrorCode.Overloaded, "The wallet has too many lock sessions in this space.", "wallet", retryable: true);
            }
        }

        Begin();
        var session = _table.Find(id) ?? _table.Open(id, wallet.ToArray(), request.Lease, Context.Monotonic);
        Store();
        return new(new LockSessionCreateReply { LockSessionId = id, ExpiresIn = Left(session) });
    }

    public ValueTask<LockAcquireReply> AcquireAsync(LockAcquire request, CallContext context = default)
    {
        var wallet = RequireWallet(context);
        for (var index = 1; index < request.ResourceIds.Count; index++)
        {
            if (string.CompareOrdinal(request.ResourceIds[index - 1], request.ResourceIds[index]) >= 0)
            {
                throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "Resources stand in rising order, each once.", "resource_ids");
            }
        }

        if (Own(request.LockSessionId, wallet) is { } known)
        {
            RequireRoom(known, request);
        }

        Begin();
        if (Own(request.LockSessionId, wallet) is not { } session)
        {
            Store();
            return new(ToReply(LockOutcome.SessionUnknown));
        }

        if (session.Granted.Find(grant => grant.Operation.Span.SequenceEqual(request.OperationId.Span)) is { } earlier)
        {
            Store();
            return new(ToReply(session, earlier.Held));
        }

        var patience = request.Wait < _options.MaxLockWait ? request.Wait : _options.MaxLockWait;
        var wait = _table.Acquire(session, request.OperationId.ToArray(), [.. request.ResourceIds], patience, Context.Monotonic);
        if (wait.Outcome is null)
        {
            var nothing = Context.DeferReply<LockAcquireReply>(out var later);
            if (!_callers.TryGetValue(wait, out var callers))
            {
                _callers.Add(wait, callers = []);
            }

            callers.Add(later);
            Store();
            return new(nothing);
        }

        Store();
        return new(ToReply(wait));
    }

    public ValueTask<LockReleaseReply> ReleaseAsync(LockRelease request, CallContext context = default)
    {
        var wallet = RequireWallet(context);
        Begin();
        var released = Own(request.LockSessionId, wallet) is { } session
            ? _table.Release(session, request.Held.Select(held => (held.ResourceId, held.FencingToken)))
            : [];
        Store();
        return new(new LockReleaseReply { Released = [.. released] });
    }

    public ValueTask<LockCheckReply> CheckAsync(LockCheck request, CallContext context = default)
    {
        RequireWallet(context);
        Begin();
        Store();
        var holder = _table.HolderOf(request.ResourceId);
        var token = holder?.Held[request.ResourceId] ?? _table.LastToken;
        return new(new LockCheckReply
        {
            Locked = holder is not null,
            FencingToken = token,
            TokenCurrent = holder is not null && request.FencingToken == token,
            ExpiresIn = holder is null ? TimeSpan.Zero : Left(holder),
            Waiting = (uint)_table.WaitersOf(request.ResourceId),
        });
    }

    public ValueTask<LockRenewReply> RenewAsync(LockRenew request, CallContext context = default)
    {
        var wallet = RequireWallet(context);
        Begin();
        var session = Own(request.LockSessionId, wallet);
        var renewed = session is not null && _table.TryRenew(session, request.Lease, Context.Monotonic);
        Store();
        return new(new LockRenewReply { Renewed = renewed, ExpiresIn = session is null ? TimeSpan.Zero : Left(session) });
    }

    protected override async ValueTask OnLoadedAsync()
    {
        if (State is { } state)
        {
            _table.Restore(state.LastToken, state.Births);
        }

        for (var after = SessionPrefix; ;)
        {
            var page = await Context.Entries.PageAsync(SessionPrefix, after, LoadPage).ConfigureAwait(true);
            foreach (var entry in page)
            {
                _table.Restore(ToSession(StoredValues.Decode<LockSessionRecord>(entry.Value)));
            }

            if (page.Count < LoadPage)
            {
                break;
            }

            after = page[^1].Key;
        }

        SetTimer();
    }

    private static Guid SessionId(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> operation) =>
        new(SHA256.HashData([.. "XTMP1 lock session"u8, .. wallet.Span, .. operation.Span]).AsSpan(0, 16), bigEndian: true);

    private static string SessionKey(Guid id) => SessionPrefix + id.ToString("N");

    private static LockAcquireReply ToReply(LockOutcome outcome) => new() { Outcome = outcome, Held = [], ExpiresIn = TimeSpan.Zero };

    /// <summary>A space that is named like a wallet is that wallet's alone.</summary>
    private ReadOnlyMemory<byte> RequireWallet(CallContext context)
    {
        var wallet = context.RequireCaller().Wallet;
        if (wallet.IsEmpty)
        {
            throw Refusal.Of(XtmpErrorCode.AuthenticationRequired, "Locks are for sessions that speak for a wallet.");
        }

        return Context.Key.Length != 2 * wallet.Length || !Context.Key.All(char.IsAsciiHexDigitLower) || Context.Key == Convert.ToHexStringLower(wallet.Span)
            ? wallet
            : throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The space is another wallet's own.", "space");
    }

    private void RequireRoom(LockSession session, LockAcquire request)
    {
        if (session.Held.Count + request.ResourceIds.Count > _options.MaxLocksPerSession)
        {
            throw Refusal.Of(XtmpErrorCode.Overloaded, $"A lock session holds at most {_options.MaxLocksPerSession} resources.", "resource_ids");
        }

        if (request.Wait > TimeSpan.Zero && (_table.WaitCount >= _options.MaxLockWaits || session.Waits.Count >= _options.MaxLockWaitsPerSession))
        {
            throw Refusal.Of(XtmpErrorCode.Overloaded, "Too many requests for locks wait.", "space", retryable: true);
        }
    }

    private LockSession? Own(Guid id, ReadOnlyMemory<byte> wallet) =>
        _table.Find(id) is { } session && session.Wallet.Span.SequenceEqual(wallet.Span) ? session : null;

    private TimeSpan Left(LockSession session) => session.ExpiresAt - Context.Monotonic;

    private LockAcquireReply ToReply(LockWait wait) => wait.Outcome switch
    {
        LockVerdict.Granted => ToReply(wait.Session, [.. wait.Resources.Select(resource => (resource, wait.Session.Held[resource]))]),
        LockVerdict.TimedOut => ToReply(LockOutcome.TimedOut) with { ExpiresIn = Left(wait.Session) },
        LockVerdict.Wounded => ToReply(LockOutcome.Wounded) with { ExpiresIn = Left(wait.Session) },
        _ => ToReply(LockOutcome.SessionUnknown),
    };

    private LockAcquireReply ToReply(LockSession session, IReadOnlyList<(string Resource, ulong Token)> held) => new()
    {
        Outcome = LockOutcome.Granted,
        Held = [.. held.Select(lockHeld => new LockHeld { ResourceId = lockHeld.Resource, FencingToken = lockHeld.Token })],
        ExpiresIn = Left(session),
    };

    /// <summary>Ends what has run out, and requests that nobody waits for any more. Refusals come before it.</summary>
    private void Begin()
    {
        foreach (var (wait, callers) in _callers)
        {
            if (wait.Outcome is null && callers.TrueForAll(static caller => caller.IsOver))
            {
                _table.GiveUp(wait);
            }
        }

        _table.Advance(Context.Monotonic);
    }

    /// <summary>Writes what the turn has changed, and answers the calls whose waiting it ended. The last thing in every turn.</summary>
    private void Store()
    {
        foreach (var session in _table.Changed)
        {
            if (session.IsGone)
            {
                Context.Entries.Remove(SessionKey(session.Id));
            }
            else
            {
                Context.Entries.Put(SessionKey(session.Id), ToRecord(session));
            }
        }

        if (_table.Changed.Count > 0 && (State is not { } state || state.LastToken != _table.LastToken || state.Births != _table.Births))
        {
            State = new LockSpaceState { LastToken = _table.LastToken, Births = _table.Births };
        }

        _table.Changed.Clear();
        foreach (var (wait, callers) in _callers.Where(pair => pair.Key.Outcome is not null).ToArray())
        {
            _callers.Remove(wait);
            callers.ForEach(caller => caller.Complete(ToReply(wait)));
        }

        SetTimer();
    }

    private void SetTimer()
    {
        if (_table.NextEvent is { } next && (_timerDue is null || next < _timerDue))
        {
            _timer?.Dispose();
            _timerDue = next;
            var due = next - Context.Monotonic;
            _timer = Context.StartTimer(OnTimerAsync, due > TimeSpan.Zero ? due : TimeSpan.Zero);
        }
    }

    private ValueTask OnTimerAsync()
    {
        _timerDue = null;
        Begin();
        Store();
        return ValueTask.CompletedTask;
    }

    private LockSessionRecord ToRecord(LockSession session) => new()
    {
        LockSessionId = session.Id,
        Wallet = session.Wallet,
        Born = session.Born,
        Lease = session.Lease,
        ExpiresAt = Context.Now + Left(session),
        Wounded = session.IsWounded,
        Held = [.. session.Held.Select(held => new HeldLock { Resource = held.Key, Token = held.Value })],
        Granted = [.. session.Granted.Select(grant => new LockGrantRecord
        {
            OperationId = grant.Operation,
            Held = [.. grant.Held.Select(held => new HeldLock { Resource = held.Resource, Token = held.Token })],
        })],
    };

    private LockSession ToSession(LockSessionRecord record)
    {
        // The wall clock may have been set: a lease is never longer than it was, and never over before its holder can renew it.
        var left = record.ExpiresAt - Context.Now;
        left = left < Grace ? Grace : left;
        var session = new LockSession(record.LockSessionId, record.Wallet, record.Born)
        {
            Lease = record.Lease,
            ExpiresAt = Context.Monotonic + (left < record.Lease ? left : record.Lease),
            IsWounded = record.Wounded,
        };
        foreach (var held in record.Held)
        {
            session.Held.Add(held.Resource, held.Token);
        }

        session.Granted.AddRange(record.Granted.Select(grant => new LockGrant(grant.OperationId, [.. grant.Held.Select(held => (held.Resource, held.Token))])));
        return session;
    }
}
