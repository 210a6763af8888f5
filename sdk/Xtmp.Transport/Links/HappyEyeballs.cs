using System.Net;

namespace Xtmp.Transport;

/// <summary>
/// Connects to a host with several addresses (RFC 8305): the families take turns, an attempt that has not succeeded after
/// <see cref="AttemptDelay"/> or has failed is joined by the next, and the first to succeed ends the others.
/// </summary>
internal static class HappyEyeballs
{
    /// <summary>Section 5, "Connection Attempt Delay".</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>The addresses in the order in which they are tried: as the resolver gave them, the families in turn (section 4).</summary>
    public static IPAddress[] Order(IReadOnlyList<IPAddress> addresses)
    {
        if (addresses.Count == 0)
        {
            return [];
        }

        var first = addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily).ToArray();
        var second = addresses.Where(address => address.AddressFamily != addresses[0].AddressFamily).ToArray();
        var ordered = new List<IPAddress>(addresses.Count);
        for (var index = 0; index < Math.Max(first.Length, second.Length); index++)
        {
            ordered.AddRange(first.Skip(index).Take(1));
            ordered.AddRange(second.Skip(index).Take(1));
        }

        return [.. ordered];
    }

    /// <summary>The first connection that is made.</summary>
    /// <param name="addresses">At least one.</param>
    /// <param name="connect">One attempt; its failure is an exception.</param>
    /// <param name="time">The clock of the delays.</param>
    /// <param name="cancellationToken">Gives all attempts up.</param>
    /// <exception cref="Exception">What the last attempt to fail threw, where all have failed.</exception>
    public static async Task<TConnection> ConnectAsync<TConnection>(
        IReadOnlyList<IPAddress> addresses, Func<IPAddress, CancellationToken, Task<TConnection>> connect, TimeProvider time, CancellationToken cancellationToken)
        where TConnection : IDisposable
    {
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ordered = new Queue<IPAddress>(Order(addresses));
        var running = new List<Task<TConnection>> { connect(ordered.Dequeue(), losers.Token) };
        Exception? failure = null;
        try
        {
            while (true)
            {
                var ended = await NextAsync(running, ordered.Count > 0, time, losers.Token).ConfigureAwait(false);
                if (ended is { IsCompletedSuccessfully: true })
                {
                    running.Remove(ended);
                    return await ended.ConfigureAwait(false);
                }

                if (ended is not null)
                {
                    running.Remove(ended);
                    failure = await FailureOfAsync(ended).ConfigureAwait(false);
                }

                if (ordered.TryDequeue(out var next))
                {
                    running.Add(connect(next, losers.Token));
                }
                else if (running.Count == 0)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure!);
                }
            }
        }
        finally
        {
            await losers.CancelAsync().ConfigureAwait(false);
            foreach (var attempt in running)
            {
                _ = DropAsync(attempt);
            }
        }
    }

    /// <summary>The attempt that ended first; null where the delay was over before.</summary>
    private static async Task<Task<TConnection>?> NextAsync<TConnection>(List<Task<TConnection>> running, bool hasMore, TimeProvider time, CancellationToken cancellationToken)
    {
        var ended = Task.WhenAny(running);
        if (!hasMore)
        {
            return await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await ended.WaitAsync(AttemptDelay, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static async Task<Exception> FailureOfAsync(Task attempt)
    {
        try
        {
            await attempt.ConfigureAwait(false);
            throw new InvalidOperationException("An attempt that succeeded has no failure.");
        }
        catch (Exception error)
        {
            return error;
        }
    }

    // An attempt that is not needed any more may still succeed.
    private static async Task DropAsync<TConnection>(Task<TConnection> attempt)
        where TConnection : IDisposable
    {
        try
        {
            (await attempt.ConfigureAwait(false)).Dispose();
        }
        catch (Exception)
        {
            // It failed, as it was told to.
        }
    }
}
