using System.Buffers;

namespace Xtmp.Protocol.Tests.Frames;

public sealed class ReassemblerTests
{
    private static readonly FrameHeader Fragment = new() { MessageType = 0x20, Flags = FrameFlags.Encrypted | FrameFlags.Fragmented };

    [Fact]
    public void puts_parts_together_in_order()
    {
        using var reassembler = new Reassembler(ordered: true, 1000, 2000, 4);
        Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, 0, 10, 0, [1, 2, 3, 4]));
        Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, 1, 3, 0, [9]));
        Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, 0, 10, 4, [5, 6]));
        Assert.Equal(ReassemblyStatus.Complete, Add(reassembler, 0, 10, 6, [7, 8, 9, 10], out var message));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], message);
        Assert.Equal(1, reassembler.Count);
    }

    [Fact]
    public void puts_parts_together_in_any_order_without_a_stream()
    {
        var payload = new byte[5000];
        new Random(9).NextBytes(payload);
        for (var seed = 0; seed < 50; seed++)
        {
            using var reassembler = new Reassembler(ordered: false, 10_000, 20_000, 4);
            var random = new Random(seed);
            var cuts = Enumerable.Range(0, 20).Select(_ => random.Next(1, 5000)).Append(0).Append(5000).Distinct().Order().ToArray();
            var parts = cuts.Zip(cuts.Skip(1)).ToArray();
            random.Shuffle(parts);
            for (var i = 0; i < parts.Length; i++)
            {
                var (start, end) = parts[i];
                var status = Add(reassembler, 7, 5000, (uint)start, payload[start..end], out var message);
                Assert.Equal(i == parts.Length - 1 ? ReassemblyStatus.Complete : ReassemblyStatus.Kept, status);
                if (status == ReassemblyStatus.Complete)
                {
                    Assert.Equal(payload, message);
                }
            }

            Assert.Equal(0, reassembler.ReservedBytes);
        }
    }

    [Theory]
    [InlineData(0u, 10u, 3u)] // A gap.
    [InlineData(0u, 10u, 1u)] // An overlap.
    [InlineData(0u, 11u, 2u)] // Another total.
    [InlineData(2u, 10u, 0u)] // A number out of order.
    [InlineData(1u, 10u, 2u)] // A message that starts in the middle.
    public void rejects_what_is_not_next_on_a_stream(uint number, uint total, uint offset)
    {
        using var reassembler = new Reassembler(ordered: true, 1000, 2000, 4);
        Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, 0, 10, 0, [1, 2]));
        Assert.Equal(ReassemblyStatus.Inconsistent, Add(reassembler, number, total, offset, [3]));
    }

    [Fact]
    public void rejects_overlaps_without_a_stream_and_drops_the_message()
    {
        using var reassembler = new Reassembler(ordered: false, 1000, 2000, 4);
        Add(reassembler, 0, 10, 4, [1, 2, 3]);
        Assert.Equal(ReassemblyStatus.Inconsistent, Add(reassembler, 0, 10, 6, [3, 4]));
        Assert.Equal(0, reassembler.Count);
        Assert.Equal(0, reassembler.ReservedBytes);
    }

    [Fact]
    public void rejects_a_last_flag_in_the_wrong_place()
    {
        using var reassembler = new Reassembler(ordered: true, 1000, 2000, 4);
        Assert.Equal(ReassemblyStatus.Inconsistent, Raw(reassembler, 0, 10, 0, [1, 2], last: true));
        Assert.Equal(ReassemblyStatus.Inconsistent, Raw(reassembler, 0, 2, 0, [1, 2], last: false));
        Assert.Equal(ReassemblyStatus.Inconsistent, Raw(reassembler, 0, 2, 1, [1, 2], last: true));
        Assert.Equal(ReassemblyStatus.Inconsistent, Raw(reassembler, 0, 2, uint.MaxValue, [1, 2], last: true));
        Assert.Equal(ReassemblyStatus.Inconsistent, Raw(reassembler, 0, 2, 0, [], last: false));
        Assert.Equal(ReassemblyStatus.Inconsistent, reassembler.Add(in Fragment, new byte[11], default, out _, out _));
    }

    [Fact]
    public void rejects_parts_of_another_kind_or_exchange()
    {
        using var reassembler = new Reassembler(ordered: true, 1000, 2000, 4);
        Add(reassembler, 0, 10, 0, [1, 2]);
        var other = Fragment;
        other.ExchangeId = 5;
        Assert.Equal(ReassemblyStatus.Inconsistent, reassembler.Add(in other, Payload(0, 10, 2, [3]), default, out _, out _));
    }

    [Fact]
    public void holds_memory_for_what_arrived_not_for_what_is_claimed()
    {
        using var reassembler = new Reassembler(ordered: true, 16 << 20, 32 << 20, 16);
        for (uint i = 0; i < 16; i++)
        {
            Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, i, 16 << 20, 0, [1]));
        }

        Assert.InRange(reassembler.ReservedBytes, 16, 16 * 64);
        Assert.Equal(ReassemblyStatus.LimitExceeded, Add(reassembler, 16, 16 << 20, 0, [1]));
    }

    [Fact]
    public void keeps_to_its_limits_in_bytes()
    {
        using var reassembler = new Reassembler(ordered: false, 1000, 1500, 100);
        Assert.Equal(ReassemblyStatus.LimitExceeded, Add(reassembler, 0, 1001, 0, [1]));
        Assert.Equal(ReassemblyStatus.Kept, Add(reassembler, 1, 1000, 0, new byte[999]));
        Assert.Equal(ReassemblyStatus.LimitExceeded, Add(reassembler, 2, 1000, 0, new byte[999]));
        Assert.InRange(reassembler.ReservedBytes, 999, 2048);
    }

    [Fact]
    public void drops_what_is_too_old()
    {
        using var reassembler = new Reassembler(ordered: false, 1000, 1500, 100);
        reassembler.Add(in Fragment, Payload(0, 10, 0, [1]), TimeSpan.FromSeconds(1), out _, out _);
        reassembler.Add(in Fragment, Payload(1, 10, 0, [1]), TimeSpan.FromSeconds(5), out _, out _);
        Assert.Equal(TimeSpan.FromSeconds(1), reassembler.OldestSince);
        Assert.Equal(1, reassembler.DropSilentSince(TimeSpan.FromSeconds(3)));
        Assert.Equal(1, reassembler.Count);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void age_counts_from_the_last_part_of_a_stream_and_from_the_first_in_datagrams(bool ordered, int dropped)
    {
        using var reassembler = new Reassembler(ordered, 1000, 1500, 100);
        reassembler.Add(in Fragment, Payload(0, 10, 0, [1]), TimeSpan.FromSeconds(1), out _, out _);
        reassembler.Add(in Fragment, Payload(0, 10, 1, [2]), TimeSpan.FromSeconds(5), out _, out _);
        Assert.Equal(TimeSpan.FromSeconds(ordered ? 5 : 1), reassembler.OldestSince);
        Assert.Equal(dropped, reassembler.DropSilentSince(TimeSpan.FromSeconds(3)));
        Assert.Equal(1, reassembler.DropSilentSince(TimeSpan.FromSeconds(5)) + dropped);
    }

    private static ReassemblyStatus Add(Reassembler reassembler, uint number, uint total, uint offset, byte[] part) =>
        Add(reassembler, number, total, offset, part, out _);

    private static ReassemblyStatus Add(Reassembler reassembler, uint number, uint total, uint offset, byte[] part, out byte[] message)
    {
        var header = Fragment;
        header.Flags |= offset + part.Length == total ? FrameFlags.LastFragment : FrameFlags.None;
        var status = reassembler.Add(in header, Payload(number, total, offset, part), default, out var buffer, out var length);
        message = buffer.AsSpan(0, length).ToArray();
        if (status == ReassemblyStatus.Complete)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return status;
    }

    private static ReassemblyStatus Raw(Reassembler reassembler, uint number, uint total, uint offset, byte[] part, bool last)
    {
        var header = Fragment;
        header.Flags |= last ? FrameFlags.LastFragment : FrameFlags.None;
        return reassembler.Add(in header, Payload(number, total, offset, part), default, out _, out _);
    }

    private static byte[] Payload(uint number, uint total, uint offset, byte[] part)
    {
        var payload = new byte[FragmentHeader.Size + part.Length];
        new FragmentHeader(number, total, offset).Write(payload);
        part.CopyTo(payload, FragmentHeader.Size);
        return payload;
    }
}
