namespace Xtmp.Protocol.Tests.Frames;

public sealed class BatchEntryTests
{
    [Fact]
    public void round_trips()
    {
        var bytes = new byte[BatchEntry.Size + 3];
        Sample().Write(bytes);
        Assert.True(BatchEntry.TryRead(bytes, out var read));
        Assert.Equal(Sample(), read);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(BatchEntry.TryRead(bytes.AsSpan(0, length), out _));
        }
    }

    [Theory]
    [InlineData(FrameCode.Batch, FrameFlags.None, FrameKind.OneWay)]
    [InlineData(FrameCode.Handshake, FrameFlags.None, FrameKind.OneWay)]
    [InlineData(FrameCode.Credit, FrameFlags.None, FrameKind.OneWay)]
    [InlineData(0, FrameFlags.None, FrameKind.OneWay)]
    [InlineData(0x20, FrameFlags.Encrypted, FrameKind.OneWay)]
    [InlineData(0x20, FrameFlags.Fragmented, FrameKind.OneWay)]
    [InlineData(0x20, FrameFlags.Fragmented | FrameFlags.LastFragment, FrameKind.OneWay)]
    [InlineData(0x20, FrameFlags.StreamData, FrameKind.OneWay)]
    [InlineData(0x20, FrameFlags.None, FrameKind.StreamItem)]
    [InlineData(0x20, FrameFlags.RequiresAck, FrameKind.Request)]
    [InlineData(0x20, FrameFlags.None, (FrameKind)8)]
    public void rejects_what_does_not_belong_in_a_batch(byte code, FrameFlags flags, FrameKind kind)
    {
        var bytes = new byte[BatchEntry.Size];
        new BatchEntry { MessageType = code, Flags = flags, Kind = kind }.Write(bytes);
        Assert.False(BatchEntry.TryRead(bytes, out _));
    }

    [Fact]
    public void rejects_a_length_beyond_its_end()
    {
        var bytes = new byte[BatchEntry.Size + 3];
        var entry = Sample();
        entry.Length = 4;
        entry.Write(bytes);
        Assert.False(BatchEntry.TryRead(bytes, out _));
        entry.Length = -1;
        entry.Write(bytes);
        Assert.False(BatchEntry.TryRead(bytes, out _));
    }

    private static BatchEntry Sample() => new()
    {
        MessageType = 0x20,
        Flags = FrameFlags.StreamData | FrameFlags.PriorityHigh,
        Kind = FrameKind.StreamItem,
        ExchangeId = 0x12_3456_789A_BCDE,
        Length = 3,
    };
}
