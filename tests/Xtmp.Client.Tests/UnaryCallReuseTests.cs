using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Testing;

namespace Xtmp.Client.Tests;

/// <summary>
/// A call object serves again once its reply was taken and nobody can know it any more, and at no other time. What is awaited
/// here has ended, so that a test stays on its thread, which keeps the objects.
/// </summary>
public sealed class UnaryCallReuseTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly VirtualTimeProvider _time = new();
    private readonly CallDeadlines _deadlines;

    public UnaryCallReuseTests()
    {
        _deadlines = new CallDeadlines(_time);
    }

    public void Dispose() => _deadlines.Dispose();

    [Fact]
    public async Task one_whose_reply_was_taken_serves_the_next_call()
    {
        var first = Take();
        var task = Start(first);
        Answer(first, Reply("one"));
        Assert.NotSame(first, Take());
        Assert.Equal("one", (await task).Name);

        var second = Take();
        Assert.Same(first, second);
        var next = Start(second);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await task);
        Assert.Throws<InvalidOperationException>(() => task.IsCompleted);
        Answer(second, Reply("two"));
        Assert.Equal("two", (await next).Name);
    }

    [Fact]
    public async Task neither_deadline_nor_cancellation_of_the_one_before_reaches_it()
    {
        using var before = new CancellationTokenSource();
        using var cancellation = new CancellationTokenSource();
        var call = Take();
        var task = Start(call, before.Token);
        Answer(call, Reply("one"));
        await task;

        _time.Advance(Timeout / 2);
        Assert.Same(call, Take());
        task = Start(call, cancellation.Token);
        before.Cancel();
        _time.Advance(Timeout * 0.75);
        Assert.False(task.IsCompleted);
        cancellation.Cancel();
        Assert.Equal(cancellation.Token, (await Assert.ThrowsAsync<OperationCanceledException>(async () => await task)).CancellationToken);
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("malformed")]
    [InlineData("deadline")]
    [InlineData("cancelled")]
    [InlineData("deadline behind the reply")]
    [InlineData("no deadline")]
    [InlineData("kept")]
    public async Task one_that_ended_otherwise_or_may_still_be_known_is_not_used_again(string how)
    {
        using var cancellation = new CancellationTokenSource();
        var call = Take();
        call.IsKept = how == "kept";
        var task = Start(call, cancellation.Token, how == "no deadline" ? System.Threading.Timeout.InfiniteTimeSpan : Timeout);
        switch (how)
        {
            case "failed":
                call.OnFailed(new XtmpException(XtmpErrorCode.NotFound, Fault.Peer, "none"));
                break;
            case "malformed":
                Answer(call, new SessionEvent { Kind = SessionEventKind.Response, Payload = new byte[] { 0xC1 } });
                break;
            case "deadline":
                _time.Advance(Timeout);
                break;
            case "cancelled":
                cancellation.Cancel();
                break;
            case "deadline behind the reply":
                // The deadline has taken the call off its list and is on its way to it.
                Assert.True(_deadlines.Remove(call));
                Answer(call, Reply("in time"));
                call.OnDeadline();
                break;
            default:
                Answer(call, Reply("one"));
                break;
        }

        if (how is "no deadline" or "kept" or "deadline behind the reply")
        {
            await task;
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(async () => await task);
        }

        Assert.NotSame(call, Take());
    }

    /// <summary>Its reply comes, and is taken up on this thread in place of one of the pool.</summary>
    private static void Answer(PendingUnaryCall<RegistryQueryReply> call, SessionEvent response)
    {
        if (call.OnResponse(in response))
        {
            ((IThreadPoolWorkItem)call).Execute();
        }
    }

    private PendingUnaryCall<RegistryQueryReply> Take() =>
        PendingUnaryCall<RegistryQueryReply>.Take(RegistryMethods.Query, new RegistryQuery { Name = "any" }, order: 0, DecodeLimits.Untrusted, _deadlines);

    private static ValueTask<RegistryQueryReply> Start(PendingUnaryCall<RegistryQueryReply> call, CancellationToken cancellationToken = default, TimeSpan? timeout = null) =>
        call.RunAsync(0, static (_, _) => { }, timeout ?? Timeout, cancellationToken);

    private static SessionEvent Reply(string name) => new()
    {
        Kind = SessionEventKind.Response,
        Payload = new RegistryQueryReply { Name = name, Source = RegistrySource.Negative, Addresses = [], ValidFor = TimeSpan.Zero }.ToBytes(),
    };
}
