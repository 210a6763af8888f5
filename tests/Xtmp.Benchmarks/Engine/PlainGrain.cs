using Orleans;

namespace Xtmp.Benchmarks;

/// <summary>What the peer is asked: as much as our read carries.</summary>
[GenerateSerializer]
[Immutable]
public sealed record PlainRead([property: Id(0)] string NodeId);

[GenerateSerializer]
[Immutable]
public sealed record PlainReadReply([property: Id(0)] string NodeId, [property: Id(1)] ulong Next, [property: Id(2)] bool More);

/// <summary>As much as our write carries.</summary>
[GenerateSerializer]
[Immutable]
public sealed record PlainWrite([property: Id(0)] string NodeId, [property: Id(1)] string BundleId, [property: Id(2)] byte[] BundleHash, [property: Id(3)] uint TransactionCount, [property: Id(4)] ulong TotalValue, [property: Id(5)] DateTimeOffset At);

[GenerateSerializer]
[Immutable]
public sealed record PlainWriteReply([property: Id(0)] ulong Sequence);

/// <summary>The peer: the same two methods on an Orleans grain with Orleans' own generated serializers. It stores nothing.</summary>
public interface IPlainGrain : IGrainWithStringKey
{
    ValueTask<PlainReadReply> ReadAsync(PlainRead request);

    ValueTask<PlainWriteReply> WriteAsync(PlainWrite request);
}

public sealed class PlainGrain : Grain, IPlainGrain
{
    private ulong _lines;

    public ValueTask<PlainReadReply> ReadAsync(PlainRead request) => new(new PlainReadReply(request.NodeId, _lines, false));

    public ValueTask<PlainWriteReply> WriteAsync(PlainWrite request) => new(new PlainWriteReply(++_lines));
}
