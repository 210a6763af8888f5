using System.Buffers.Binary;

namespace Xtmp.Protocol.Tests.Frames;

public sealed class FrameHeaderTests
{
    [Fact]
    public void round_trips_every_field()
    {
        var header = Sample();
        var bytes = new byte[FrameLayout.HeaderSize];
        header.Write(bytes);
        Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(bytes, FrameLayout.MaxPayload, out var read));
        Assert.Equal(header.MessageType, read.MessageType);
        Assert.Equal(header.Flags, read.Flags);
        Assert.Equal(header.Kind, read.Kind);
        Assert.Equal(header.SessionId, read.SessionId);
        Assert.Equal(header.Sequence, read.Sequence);
        Assert.Equal(header.PayloadLength, read.PayloadLength);
        Assert.Equal(header.EncryptionType, read.EncryptionType);
        Assert.Equal(header.KeyId, read.KeyId);
        Assert.Equal(header.Epoch, read.Epoch);
        Assert.Equal(header.ExchangeId, read.ExchangeId);
    }

    [Fact]
    public void stands_on_the_wire_as_the_specification_draws_it()
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        Sample().Write(bytes);
        Assert.Equal(
            "58544d50" + "01" + "42" + "41" + "03" + "8877665544332211" + "0900000000000000" + "34120000" + "00000000"
            + "02" + "0f0e0d0c0b0a09080706050403020100" + "0900000000000000" + "07000000" + "000000000000000000000000"
            + "00000000000000000000000000000000" + "efcdab89674523",
            Convert.ToHexStringLower(bytes));
    }

    [Theory]
    [InlineData(0, 0, FrameStatus.WrongMagic)]
    [InlineData(3, 0, FrameStatus.WrongMagic)]
    [InlineData(4, 0, FrameStatus.WrongVersion)]
    [InlineData(4, 2, FrameStatus.WrongVersion)]
    [InlineData(7, 8, FrameStatus.WrongKind)]
    [InlineData(7, 255, FrameStatus.WrongKind)]
    [InlineData(32, 4, FrameStatus.WrongEncryptionType)]
    [InlineData(32, 0, FrameStatus.WrongFlags)]
    [InlineData(6, 0x40, FrameStatus.WrongFlags)]
    [InlineData(6, 0x01, FrameStatus.WrongFlags)]
    [InlineData(6, 0x49, FrameStatus.WrongFlags)]
    [InlineData(6, 0x61, FrameStatus.WrongFlags)]
    [InlineData(26, 2, FrameStatus.TooLong)]
    [InlineData(27, 0x80, FrameStatus.TooLong)]
    [InlineData(49, 8, FrameStatus.WrongNonce)]
    [InlineData(56, 1, FrameStatus.WrongNonce)]
    [InlineData(61, 1, FrameStatus.WrongNonce)]
    [InlineData(72, 1, FrameStatus.WrongNonce)]
    public void rejects_a_wrong_byte(int offset, byte value, FrameStatus expected)
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        Sample().Write(bytes);
        bytes[offset] = value;
        Assert.Equal(expected, FrameHeader.TryRead(bytes, FrameLayout.MaxPayload, out _));
    }

    [Theory]
    [InlineData(33, FrameStatus.WrongKeyId)]
    [InlineData(48, FrameStatus.WrongKeyId)]
    [InlineData(49, FrameStatus.WrongNonce)]
    [InlineData(72, FrameStatus.WrongNonce)]
    [InlineData(73, FrameStatus.WrongTag)]
    [InlineData(88, FrameStatus.WrongTag)]
    public void rejects_key_material_on_an_unencrypted_frame(int offset, FrameStatus expected)
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        new FrameHeader { MessageType = 1 }.Write(bytes);
        Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(bytes, 0, out _));
        bytes[offset] = 1;
        Assert.Equal(expected, FrameHeader.TryRead(bytes, 0, out _));
    }

    [Fact]
    public void rejects_an_ack_wish_on_anything_but_a_one_way_message()
    {
        foreach (var kind in Enum.GetValues<FrameKind>())
        {
            var flags = FrameFlags.RequiresAck | (kind == FrameKind.StreamItem ? FrameFlags.StreamData : FrameFlags.None);
            Assert.Equal(kind == FrameKind.OneWay, FrameHeader.AreConsistent(flags, kind));
        }
    }

    [Fact]
    public void checks_the_length_against_the_limit_of_the_moment()
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        var header = Sample();
        header.PayloadLength = FrameLayout.MaxHandshakePayload + 1;
        header.Write(bytes);
        Assert.Equal(FrameStatus.TooLong, FrameHeader.TryRead(bytes, FrameLayout.MaxHandshakePayload, out _));
        Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(bytes, FrameLayout.MaxPayload, out _));
    }

    [Fact]
    public void a_flipped_bit_is_noticed_or_is_in_a_field_that_varies()
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        Sample().Write(bytes);
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            if (FrameHeader.TryRead(bytes, FrameLayout.MaxPayload, out var read) == FrameStatus.Ok)
            {
                var again = new byte[FrameLayout.HeaderSize];
                read.Write(again);
                BinaryPrimitives.WriteUInt32LittleEndian(again.AsSpan(FrameLayout.ChecksumOffset), read.Checksum);
                bytes.AsSpan(FrameLayout.TagOffset, FrameLayout.TagSize).CopyTo(again.AsSpan(FrameLayout.TagOffset));
                Assert.Equal(bytes, again);
            }

            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(0x0123_4567_89AB_CDul)]
    [InlineData(FrameLayout.MaxExchangeId)]
    public void round_trips_an_exchange_id(ulong id)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes.Fill(0xEE);
        FrameHeader.WriteExchangeId(bytes[1..], id);
        Assert.Equal(0xEE, bytes[8]);
        Assert.Equal(id, FrameHeader.ReadExchangeId(bytes[1..]));
    }

    [Fact]
    public void reads_the_session_id_of_a_datagram()
    {
        var bytes = new byte[FrameLayout.HeaderSize];
        Sample().Write(bytes);
        Assert.True(FrameHeader.TryReadSessionId(bytes, out var id));
        Assert.Equal(0x1122_3344_5566_7788ul, id);
        Assert.False(FrameHeader.TryReadSessionId(bytes.AsSpan(0, 95), out _));
        bytes[0] = 0;
        Assert.False(FrameHeader.TryReadSessionId(bytes, out _));
    }

    private static FrameHeader Sample() => new()
    {
        MessageType = 0x42,
        Flags = FrameFlags.Encrypted | FrameFlags.StreamData,
        Kind = FrameKind.StreamItem,
        SessionId = 0x1122_3344_5566_7788,
        Sequence = 9,
        PayloadLength = 0x1234,
        EncryptionType = EncryptionType.ChaCha20Poly1305,
        KeyId = new UInt128(0x0001_0203_0405_0607, 0x0809_0A0B_0C0D_0E0F),
        Epoch = 7,
        ExchangeId = 0x23_4567_89AB_CDEF,
    };
}
