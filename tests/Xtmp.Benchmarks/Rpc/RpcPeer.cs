namespace Xtmp.Benchmarks;

/// <summary>One way to ask the server.</summary>
internal abstract class RpcPeer
{
    /// <summary>Bytes of a request's body; with its key and the field headers it has 200.</summary>
    public const int BodySize = 185;

    public static readonly byte[] Body = [.. Enumerable.Range(0, BodySize).Select(value => (byte)value)];

    public abstract string Name { get; }

    /// <summary>Opens so many connections.</summary>
    public abstract Task OpenAsync(int connections);

    /// <summary>Keeps <paramref name="inFlight"/> requests unanswered on each connection for so long; returns those answered.</summary>
    public abstract Task<long> PumpAsync(int inFlight, TimeSpan time);

    /// <summary>One request on the first connection.</summary>
    public abstract ValueTask CallAsync();

    /// <summary>A connection of its own, one request and its answer; what is returned ends the connection.</summary>
    public abstract Task<Func<ValueTask>> ConnectAndCallAsync();

    public abstract Task CloseAsync();
}
