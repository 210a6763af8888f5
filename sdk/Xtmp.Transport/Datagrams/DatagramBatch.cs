using System.Collections.Concurrent;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>Datagrams that are received or sent together, each in a slot of its own, in memory that does not move.</summary>
public sealed class DatagramBatch
{
    /// <summary>Datagrams of one batch.</summary>
    public const int Capacity = 64;

    /// <summary>More than a datagram may have, so that one that is too long is seen to be.</summary>
    internal const int SlotBytes = 2048;

    private const int MaxKept = 8;

    private static readonly ConcurrentQueue<DatagramBatch> s_kept = new();

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Capacity * SlotBytes, pinned: true);
    private readonly int[] _lengths = new int[Capacity];
    private readonly PathAddress[] _addresses = new PathAddress[Capacity];

    private DatagramBatch()
    {
    }

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>The slot of the next datagram.</summary>
    public Span<byte> Free => Slot(Count).Span;

    /// <summary>An empty batch, the caller's until it is given back.</summary>
    public static DatagramBatch Rent()
    {
        if (!s_kept.TryDequeue(out var batch))
        {
            return new DatagramBatch();
        }

        batch.Clear();
        return batch;
    }

    public void Return()
    {
        if (s_kept.Count < MaxKept)
        {
            s_kept.Enqueue(this);
        }
    }

    public void Clear() => Count = 0;

    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(index * SlotBytes, _lengths[index]);

    /// <summary>Where it came from, or where it goes.</summary>
    public PathAddress AddressOf(int index) => _addresses[index];

    /// <summary>What was written to <see cref="Free"/> is a datagram.</summary>
    public void Add(int length, PathAddress address)
    {
        _lengths[Count] = length;
        _addresses[Count] = address;
        Count++;
    }

    internal Memory<byte> Slot(int index) => _bytes.AsMemory(index * SlotBytes, SlotBytes);

    internal ReadOnlyMemory<byte> MemoryOf(int index) => _bytes.AsMemory(index * SlotBytes, _lengths[index]);

    internal int LengthOf(int index) => _lengths[index];

    internal unsafe byte* PointerTo(int index) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _bytes[index * SlotBytes]);
}
