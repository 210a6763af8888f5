namespace Xtmp.Protocol.Tests.Frames;

public sealed class FrameAssemblerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(95)]
    [InlineData(96)]
    [InlineData(97)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void cuts_the_same_frames_out_of_any_chunking(int chunk)
    {
        int[] lengths = [0, 1, 5, 100, 0, 16_000, 3];
        var stream = lengths.SelectMany(Frame).ToArray();
        using var assembler = new FrameAssembler();
        var seen = new List<int>();
        for (var offset = 0; offset < stream.Length;)
        {
            var take = Math.Min(chunk, stream.Length - offset);
            ReadOnlySpan<byte> input = stream.AsSpan(offset, take);
            while (assembler.TryRead(ref input, out var header, out var frame) == FrameStatus.Ok)
            {
                Assert.Equal(FrameLayout.HeaderSize + header.PayloadLength, frame.Length);
                Assert.False(frame[FrameLayout.HeaderSize..].ContainsAnyExcept((byte)header.PayloadLength));
                seen.Add(header.PayloadLength);
            }

            Assert.True(input.IsEmpty);
            offset += take;
        }

        Assert.Equal(lengths, seen);
        Assert.Equal(0, assembler.BufferedBytes);
    }

    [Fact]
    public void keeps_no_byte_of_a_frame_that_is_too_long()
    {
        using var assembler = new FrameAssembler { MaxPayload = 100 };
        ReadOnlySpan<byte> input = Frame(101);
        Assert.Equal(FrameStatus.TooLong, assembler.TryRead(ref input, out _, out _));
        Assert.Equal(0, assembler.BufferedBytes);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(96)]
    public void notices_a_wrong_header_as_soon_as_it_is_whole(int firstChunk)
    {
        var bytes = Frame(50);
        bytes[4] = 9;
        using var assembler = new FrameAssembler();
        ReadOnlySpan<byte> input = bytes.AsSpan(0, firstChunk);
        var status = assembler.TryRead(ref input, out _, out _);
        if (firstChunk < FrameLayout.HeaderSize)
        {
            Assert.Equal(FrameStatus.NeedMore, status);
            input = bytes.AsSpan(firstChunk, FrameLayout.HeaderSize - firstChunk);
            status = assembler.TryRead(ref input, out _, out _);
        }

        Assert.Equal(FrameStatus.WrongVersion, status);
    }

    private static byte[] Frame(int length)
    {
        var frame = new byte[FrameLayout.HeaderSize + length];
        new FrameHeader { MessageType = 1, PayloadLength = length }.Write(frame);
        frame.AsSpan(FrameLayout.HeaderSize).Fill((byte)length);
        return frame;
    }
}
