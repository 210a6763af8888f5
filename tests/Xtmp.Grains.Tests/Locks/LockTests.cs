using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Locks;

public sealed class LockTests : IAsyncDisposable
{
    private const string Space = "jobs";

    private readonly GrainsFixture _silo = new();
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);
    private byte _operation;

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task a_lock_is_taken_checked_and_given_back()
    {
        var session = await OpenAsync(_alice);
        var acquire = Acquire(session, ["a", "b"]);
        var taken = await _silo.Lock.AcquireAsync(acquire, _alice.Context);
        Assert.Equal(LockOutcome.Granted, taken.Outcome);
        Assert.Equal(["a", "b"], taken.Held.Select(held => held.ResourceId));
        Assert.Equal(taken, await _silo.Lock.AcquireAsync(acquire, _alice.Context));
        var check = await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a", FencingToken = taken.Held[0].FencingToken }, _bob.Context);
        Assert.True(check.Locked && check.TokenCurrent);
        Assert.Equal(LockOutcome.TimedOut, (await _silo.Lock.AcquireAsync(Acquire(await OpenAsync(_bob), ["b"]), _bob.Context)).Outcome);

        // A token of before, or another's session, releases nothing.
        var release = new LockRelease { Space = Space, LockSessionId = session, Held = taken.Held };
        Assert.Empty((await _silo.Lock.ReleaseAsync(release, _bob.Context)).Released);
        Assert.Empty((await _silo.Lock.ReleaseAsync(release with { Held = [taken.Held[0] with { FencingToken = 99 }] }, _alice.Context)).Released);
        Assert.Equal(["a", "b"], (await _silo.Lock.ReleaseAsync(release, _alice.Context)).Released);
        Assert.Empty((await _silo.Lock.ReleaseAsync(release, _alice.Context)).Released);
        Assert.False((await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a" }, _bob.Context)).Locked);
    }

    [Fact]
    public async Task who_waits_gets_the_lock_with_a_higher_token()
    {
        var first = await OpenAsync(_alice);
        var second = await OpenAsync(_bob);
        var taken = await _silo.Lock.AcquireAsync(Acquire(first, ["a"]), _alice.Context);
        var waiting = _silo.Lock.AcquireAsync(Acquire(second, ["a"], wait: 10), _bob.Context).AsTask();
        await _silo.Silo.WhenQuietAsync();
        Assert.False(waiting.IsCompleted);
        Assert.Equal(1U, (await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a" }, _bob.Context)).Waiting);
        await _silo.Lock.ReleaseAsync(new LockRelease { Space = Space, LockSessionId = first, Held = taken.Held }, _alice.Context);
        var given = await waiting.WaitAsync(Patience);
        Assert.Equal(LockOutcome.Granted, given.Outcome);
        Assert.True(given.Held[0].FencingToken > taken.Held[0].FencingToken);
    }

    [Fact]
    public async Task waiting_ends_in_time_and_a_lease_that_runs_out_frees_its_locks()
    {
        var first = await OpenAsync(_alice, lease: 15);
        var second = await OpenAsync(_bob);
        await _silo.Lock.AcquireAsync(Acquire(first, ["a"]), _alice.Context);
        var shortWait = _silo.Lock.AcquireAsync(Acquire(second, ["a"], wait: 5), _bob.Context).AsTask();
        var longWait = _silo.Lock.AcquireAsync(Acquire(second, ["a"], wait: 19), _bob.Context).AsTask();
        await _silo.Silo.WhenQuietAsync();
        _silo.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(LockOutcome.TimedOut, (await shortWait.WaitAsync(Patience)).Outcome);
        Assert.False(longWait.IsCompleted);
        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(LockOutcome.Granted, (await longWait.WaitAsync(Patience)).Outcome);
        Assert.False((await _silo.Lock.RenewAsync(new LockRenew { Space = Space, LockSessionId = first, Lease = TimeSpan.FromSeconds(5) }, _alice.Context)).Renewed);
        Assert.Equal(LockOutcome.SessionUnknown, (await _silo.Lock.AcquireAsync(Acquire(first, ["b"]), _alice.Context)).Outcome);
    }

    [Fact]
    public async Task a_renewed_lease_goes_on()
    {
        var session = await OpenAsync(_alice, lease: 10);
        await _silo.Lock.AcquireAsync(Acquire(session, ["a"]), _alice.Context);
        for (var round = 0; round < 5; round++)
        {
            _silo.Time.Advance(TimeSpan.FromSeconds(9));
            await _silo.Silo.WhenQuietAsync();
            Assert.True((await _silo.Lock.RenewAsync(new LockRenew { Space = Space, LockSessionId = session, Lease = TimeSpan.FromSeconds(10) }, _alice.Context)).Renewed);
        }

        Assert.True((await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a" }, _bob.Context)).Locked);
    }

    [Fact]
    public async Task locks_and_tokens_survive_a_restart()
    {
        var session = await OpenAsync(_alice, lease: 60);
        var before = await _silo.Lock.AcquireAsync(Acquire(session, ["a"]), _alice.Context);
        _silo.Restart();
        Assert.Equal(LockOutcome.TimedOut, (await _silo.Lock.AcquireAsync(Acquire(await OpenAsync(_bob), ["a"]), _bob.Context)).Outcome);

        // A silo that was away longer than the lease gives the holder time to come back.
        await _silo.Silo.DisposeAsync();
        _silo.Time.Advance(TimeSpan.FromMinutes(10));
        _silo.Restart();
        Assert.True((await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a", FencingToken = before.Held[0].FencingToken }, _bob.Context)).TokenCurrent);
        _silo.Time.Advance(TimeSpan.FromSeconds(6));
        var after = await _silo.Lock.AcquireAsync(Acquire(await OpenAsync(_bob), ["a"]), _bob.Context);
        Assert.Equal(LockOutcome.Granted, after.Outcome);
        Assert.True(after.Held[0].FencingToken > before.Held[0].FencingToken);
    }

    [Fact]
    public async Task a_deadlock_wounds_the_younger_session()
    {
        var older = await OpenAsync(_alice);
        var younger = await OpenAsync(_bob);
        await _silo.Lock.AcquireAsync(Acquire(older, ["a"]), _alice.Context);
        var held = await _silo.Lock.AcquireAsync(Acquire(younger, ["b"]), _bob.Context);
        var waits = _silo.Lock.AcquireAsync(Acquire(older, ["b"], wait: 20), _alice.Context).AsTask();
        await _silo.Silo.WhenQuietAsync();
        Assert.Equal(LockOutcome.Wounded, (await _silo.Lock.AcquireAsync(Acquire(younger, ["a"], wait: 20), _bob.Context)).Outcome);
        Assert.False(waits.IsCompleted);
        await _silo.Lock.ReleaseAsync(new LockRelease { Space = Space, LockSessionId = younger, Held = held.Held }, _bob.Context);
        Assert.Equal(LockOutcome.Granted, (await waits.WaitAsync(Patience)).Outcome);
    }

    [Fact]
    public async Task who_gives_up_waiting_is_given_nothing()
    {
        var first = await OpenAsync(_alice);
        var second = await OpenAsync(_bob);
        var taken = await _silo.Lock.AcquireAsync(Acquire(first, ["a"]), _alice.Context);
        using var enough = new CancellationTokenSource();
        var waiting = _silo.Lock.AcquireAsync(Acquire(second, ["a"], wait: 20), _bob.Context with { CancellationToken = enough.Token }).AsTask();
        await _silo.Silo.WhenQuietAsync();
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await _silo.Silo.WhenQuietAsync();
        await _silo.Lock.ReleaseAsync(new LockRelease { Space = Space, LockSessionId = first, Held = taken.Held }, _alice.Context);
        var third = await OpenAsync(_alice);
        Assert.Equal(LockOutcome.Granted, (await _silo.Lock.AcquireAsync(Acquire(third, ["a"]), _alice.Context)).Outcome);
        Assert.Equal(0U, (await _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a" }, _bob.Context)).Waiting);
    }

    [Fact]
    public async Task refuses_what_is_not_the_callers()
    {
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Lock.SessionCreateAsync(Create(_alice, 10), _bob.Context), "wallet");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Lock.SessionCreateAsync(Create(_bob, 10) with { Space = _alice.Key }, _bob.Context), "space");
        await _silo.Lock.SessionCreateAsync(Create(_alice, 10) with { Space = _alice.Key }, _alice.Context);
        var session = await OpenAsync(_alice);
        Assert.Equal(LockOutcome.SessionUnknown, (await _silo.Lock.AcquireAsync(Acquire(session, ["a"]), _bob.Context)).Outcome);
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Lock.AcquireAsync(Acquire(session, ["b", "a"]), _alice.Context), "resource_ids");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Lock.AcquireAsync(Acquire(session, ["a", "a"]), _alice.Context), "resource_ids");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Lock.CheckAsync(new LockCheck { Space = Space, ResourceId = "a" }));
    }

    [Fact]
    public async Task nothing_is_left_of_a_session_whose_lease_ran_out()
    {
        await OpenAsync(_alice, lease: 5);
        await OpenAsync(_bob, lease: 5);
        _silo.Time.Advance(TimeSpan.FromSeconds(6));
        await _silo.Silo.WhenQuietAsync();
        Assert.Empty(await _silo.Store.ReadEntriesAsync(new Xtmp.Storage.GrainId("Lock", Space), "session/", "session/", 10));
    }

    private async Task<Guid> OpenAsync(TestWallet wallet, int lease = 3600) => (await _silo.Lock.SessionCreateAsync(Create(wallet, lease), wallet.Context)).LockSessionId;

    private LockSessionCreate Create(TestWallet wallet, int lease) =>
        new() { Space = Space, OperationId = Operation(), Wallet = wallet.Id, Lease = TimeSpan.FromSeconds(lease) };

    private LockAcquire Acquire(Guid session, IEnumerable<string> resources, int wait = 0) => new()
    {
        Space = Space,
        OperationId = Operation(),
        LockSessionId = session,
        ResourceIds = [.. resources],
        Wait = TimeSpan.FromSeconds(wait),
    };

    private byte[] Operation()
    {
        var operation = new byte[16];
        operation[0] = ++_operation;
        return operation;
    }
}
