using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Xtmp.Transport.Tests;

/// <summary>RFC 8305 under virtual time: attempts end when the test says so.</summary>
public sealed class HappyEyeballsTests
{
    private static readonly IPAddress[] Addresses = [.. new[] { "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2" }.Select(IPAddress.Parse)];

    private readonly FakeTimeProvider _time = new();
    private readonly List<Attempt> _attempts = [];

    [Fact]
    public void the_families_take_turns_in_the_resolvers_order()
    {
        Assert.Equal(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"], HappyEyeballs.Order(Addresses).Select(address => address.ToString()));
        Assert.Equal(["192.0.2.1", "2001:db8::1", "192.0.2.2"], HappyEyeballs.Order([Addresses[2], Addresses[3], Addresses[0]]).Select(address => address.ToString()));
        Assert.Empty(HappyEyeballs.Order([]));
    }

    [Fact]
    public async Task an_attempt_that_hangs_is_joined_by_the_next_after_the_delay()
    {
        var connecting = Connect();
        Assert.Single(_attempts);
        _time.Advance(HappyEyeballs.AttemptDelay - TimeSpan.FromMilliseconds(1));
        Assert.Single(_attempts);
        await PassAsync(TimeSpan.FromMilliseconds(1), attempts: 2);
        Assert.Equal("192.0.2.1", _attempts[1].Address.ToString());
        Assert.False(_attempts[0].Token.IsCancellationRequested);
        _attempts[1].Succeed();
        Assert.Same(_attempts[1].Connection, await connecting);
        Assert.True(_attempts[0].Token.IsCancellationRequested);
    }

    [Fact]
    public async Task the_first_to_succeed_wins_though_it_began_earlier_and_the_loser_is_closed()
    {
        var connecting = Connect();
        await PassAsync(HappyEyeballs.AttemptDelay, attempts: 2);
        _attempts[0].Succeed();
        Assert.Same(_attempts[0].Connection, await connecting);
        _attempts[1].Succeed();
        await _attempts[1].Connection.Disposed;
        Assert.False(_attempts[0].Connection.Disposed.IsCompleted);
    }

    [Fact]
    public async Task a_failure_starts_the_next_attempt_at_once()
    {
        var connecting = Connect();
        for (var index = 0; index < 3; index++)
        {
            _attempts[index].Fail($"refused {index}");
            await WaitForAsync(index + 2);
        }

        _attempts[3].Succeed();
        Assert.Same(_attempts[3].Connection, await connecting);
        Assert.Equal(TimeSpan.Zero, _time.GetUtcNow() - _time.Start);
    }

    [Fact]
    public async Task when_all_have_failed_the_last_failure_is_told()
    {
        var connecting = Connect();
        for (var index = 0; index < 4; index++)
        {
            await WaitForAsync(index + 1);
            _attempts[index].Fail($"refused {index}");
        }

        Assert.Equal("refused 3", (await Assert.ThrowsAsync<IOException>(() => connecting)).Message);
    }

    [Fact]
    public async Task giving_up_cancels_every_attempt()
    {
        using var giveUp = new CancellationTokenSource();
        var connecting = Connect(giveUp.Token);
        await PassAsync(HappyEyeballs.AttemptDelay, attempts: 2);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.All(_attempts, attempt => Assert.True(attempt.Token.IsCancellationRequested));
    }

    private Task<Connection> Connect(CancellationToken cancellationToken = default) => HappyEyeballs.ConnectAsync(
        Addresses,
        (address, token) =>
        {
            var attempt = new Attempt(address, token);
            lock (_attempts)
            {
                _attempts.Add(attempt);
                Monitor.PulseAll(_attempts);
            }

            return attempt.Task;
        },
        _time,
        cancellationToken);

    private Task PassAsync(TimeSpan time, int attempts)
    {
        _time.Advance(time);
        return WaitForAsync(attempts);
    }

    // What follows a failure or a delay may run on another thread.
    private Task WaitForAsync(int attempts) => Task.Run(() =>
    {
        lock (_attempts)
        {
            while (_attempts.Count < attempts)
            {
                Assert.True(Monitor.Wait(_attempts, TimeSpan.FromSeconds(20)), $"Attempt {attempts} has not begun.");
            }
        }
    });

    private sealed class Connection : IDisposable
    {
        private readonly TaskCompletionSource _disposed = new();

        public Task Disposed => _disposed.Task;

        public void Dispose() => _disposed.TrySetResult();
    }

    private sealed class Attempt(IPAddress address, CancellationToken token)
    {
        private readonly TaskCompletionSource<Connection> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IPAddress Address => address;

        public CancellationToken Token => token;

        public Connection Connection { get; } = new();

        public Task<Connection> Task => _ended.Task;

        public void Succeed() => _ended.TrySetResult(Connection);

        public void Fail(string why) => _ended.TrySetException(new IOException(why));
    }
}
