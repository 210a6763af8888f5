using Xtmp.Protocol;

namespace Xtmp.Session.Tests.Parts;

/// <summary>Frames are packed and unpacked again without keys: what comes out is what went in, in order of urgency.</summary>
public sealed class FramePackerTests : IDisposable
{
    private readonly ReceiveArena _arena = new();
    private readonly FrameUnpacker _unpacker = new(new Reassembler(ordered: true, 1 << 20, 1 << 21, 16));

    [Fact]
    public void small_messages_share_a_frame_and_come_out_as_they_went_in()
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        for (byte i = 0; i < 100; i++)
        {
            packer.Add(MessagePriority.Normal, Request(i), new([i, i]));
        }

        var frames = Drain(packer);
        Assert.Equal(FrameCode.Batch, Assert.Single(frames).Header.MessageType);
        var messages = Unpack(frames);
        Assert.Equal(Enumerable.Range(0, 100), messages.Select(message => (int)message.Payload[0]));
        Assert.Equal(0, packer.Bytes);
    }

    [Fact]
    public void a_message_alone_needs_no_batch()
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        packer.Add(MessagePriority.High, Request(7), new("x"u8));
        var frame = Assert.Single(Drain(packer));
        Assert.Equal((0x20, FrameKind.Request, 15ul), (frame.Header.MessageType, frame.Header.Kind, frame.Header.ExchangeId));
        Assert.Equal("x"u8.ToArray(), frame.Plaintext);
    }

    [Fact]
    public void control_messages_go_first_and_alone_and_urgent_ones_before_normal_ones()
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        packer.Add(MessagePriority.Normal, Request(1), new([1]));
        packer.Add(MessagePriority.Emergency, Request(2), new([2]));
        packer.AddControl(FrameCode.Path, [3]);
        Assert.Equal([3, 2, 1], Drain(packer).Select(frame => frame.Plaintext[0]));
    }

    [Theory]
    [InlineData(FrameLayout.MaxPlaintext, 1)]
    [InlineData(FrameLayout.MaxPlaintext + 1, 2)]
    [InlineData(300_000, 5)]
    public void large_messages_are_cut_and_put_together(int length, int frames)
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        var message = new byte[length];
        new Random(length).NextBytes(message);
        packer.Add(MessagePriority.Normal, Request(1), new(message));
        var packed = Drain(packer);
        Assert.Equal(frames, packed.Count);
        Assert.All(packed, frame => Assert.True(frame.Plaintext.Length <= FrameLayout.MaxPlaintext));
        Assert.Equal(message, Assert.Single(Unpack(packed)).Payload);
    }

    [Fact]
    public void two_fragmented_messages_interleave_by_priority()
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        packer.Add(MessagePriority.Normal, Request(1), new(Filled(200_000, 1)));
        var frames = new List<(FrameHeader Header, byte[] Plaintext)> { Next(packer), Next(packer) };
        packer.Add(MessagePriority.Emergency, Request(2), new(Filled(150_000, 2)));
        frames.AddRange(Drain(packer));
        Assert.Equal([1, 1, 2, 2, 2, 1, 1], frames.Select(frame => (int)frame.Plaintext[FragmentHeader.Size]));
        var messages = Unpack(frames);
        Assert.Equal([Filled(150_000, 2), Filled(200_000, 1)], messages.Select(message => message.Payload));
    }

    [Fact]
    public void compresses_what_gets_smaller_and_pads_the_rest()
    {
        using var packer = new FramePacker(new PaddingPolicy(64), 100);
        using var decompressor = new Decompressor(1 << 20, null);
        packer.Add(MessagePriority.Normal, Request(1), new(Filled(1000, 5)), compressible: true);
        packer.Add(MessagePriority.Normal, Request(2), new(Filled(1000, 6)));
        packer.Add(MessagePriority.Normal, Request(3), new(Filled(70, 7)), compressible: true);
        var messages = Unpack(Drain(packer));
        Assert.True(messages[0].Entry.Flags.HasFlag(FrameFlags.Compressed));
        Assert.InRange(messages[0].Payload.Length, 5, 100);
        ReadOnlyMemory<byte> payload = messages[0].Payload;
        Assert.True(decompressor.IsAcceptable(messages[0].Entry, payload.Span));
        Assert.Null(decompressor.Decompress(ref payload));
        Assert.Equal(Filled(1000, 5), payload.ToArray());
        Assert.Equal([.. Filled(1000, 6), .. new byte[24]], messages[1].Payload);
        Assert.Equal([.. Filled(70, 7), .. new byte[58]], messages[2].Payload);
    }

    [Fact]
    public void a_request_takes_no_faster_level_than_a_much_older_one_waits_in()
    {
        using var packer = new FramePacker(PaddingPolicy.None, 0);
        Assert.Equal(MessagePriority.Normal, packer.AdmitRequest(MessagePriority.Normal, 1));
        Assert.Equal(MessagePriority.Emergency, packer.AdmitRequest(MessagePriority.Emergency, 3));
        Assert.Equal(MessagePriority.Normal, packer.AdmitRequest(MessagePriority.Emergency, 3 + IdWindow.Size));
    }

    [Fact]
    public void a_batch_that_is_cut_anywhere_is_a_violation_after_the_messages_before_the_cut()
    {
        var batch = RawPeer.BatchOf((0x20, FrameKind.Request, 1, [1, 2, 3], 0), (0x20, FrameKind.Request, 3, [4], 0));
        for (var length = 1; length < batch.Length; length++)
        {
            var buffer = _unpacker.Begin(Header(FrameCode.Batch), batch[..length], TimeSpan.Zero, _arena);
            var count = 0;
            while (_unpacker.TryNext(buffer, out _, out _))
            {
                count++;
            }

            Assert.Equal(length >= BatchEntry.Size + 3 ? 1 : 0, count);
            Assert.Equal(length != BatchEntry.Size + 3, _unpacker.Violation?.Reason == SessionCloseReason.MalformedFrame);
        }
    }

    public void Dispose()
    {
        _unpacker.Dispose();
        _arena.Dispose();
    }

    private static BatchEntry Request(byte number) => new() { MessageType = 0x20, Kind = FrameKind.Request, ExchangeId = (2u * number) + 1 };

    private static FrameHeader Header(byte code) => new() { MessageType = code, Flags = FrameFlags.Encrypted };

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static (FrameHeader Header, byte[] Plaintext) Next(FramePacker packer)
    {
        var level = packer.Peek(out var header, out var plaintext);
        header.Flags |= FrameFlags.Encrypted;
        var frame = (header, plaintext.ToArray());
        packer.Advance(level);
        return frame;
    }

    private static List<(FrameHeader Header, byte[] Plaintext)> Drain(FramePacker packer)
    {
        var frames = new List<(FrameHeader Header, byte[] Plaintext)>();
        while (packer.Bytes > 0)
        {
            frames.Add(Next(packer));
        }

        Assert.Equal(0, packer.Bytes);
        return frames;
    }

    private List<(BatchEntry Entry, byte[] Payload)> Unpack(IEnumerable<(FrameHeader Header, byte[] Plaintext)> frames)
    {
        var messages = new List<(BatchEntry Entry, byte[] Payload)>();
        foreach (var (header, plaintext) in frames)
        {
            var buffer = _unpacker.Begin(in header, plaintext, TimeSpan.Zero, _arena);
            while (_unpacker.TryNext(buffer, out var entry, out var offset))
            {
                messages.Add((entry, buffer.AsSpan(offset, entry.Length).ToArray()));
            }

            Assert.Null(_unpacker.Violation);
        }

        return messages;
    }
}
