namespace Xtmp.Protocol.Tests.Frames;

public sealed class Crc32Tests
{
    [Fact]
    public void gives_the_check_value_of_the_algorithm() => Assert.Equal(0xCBF4_3926u, Crc32.Compute("123456789"u8));

    [Fact]
    public void agrees_with_the_definition_at_every_length_and_alignment()
    {
        var data = new byte[1200];
        new Random(1).NextBytes(data);
        for (var length = 0; length <= 1100; length++)
        {
            var slice = data.AsSpan(length % 17, length);
            var expected = BitByBit(slice);
            Assert.Equal(expected, Crc32.Compute(slice));
            Assert.Equal(expected, Crc32.ComputePortable(slice));
        }
    }

    [Fact]
    public void agrees_with_itself_on_large_data()
    {
        var data = new byte[1_000_003];
        new Random(2).NextBytes(data);
        Assert.Equal(Crc32.ComputePortable(data), Crc32.Compute(data));
    }

    private static uint BitByBit(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320u);
            }
        }

        return ~crc;
    }
}
