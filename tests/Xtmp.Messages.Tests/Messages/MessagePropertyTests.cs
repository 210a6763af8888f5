using System.Buffers;
using Xtmp.Protocol;

namespace Xtmp.Messages.Tests;

/// <summary>What must hold for every generated struct, union and message. A failure names the type and the seed.</summary>
public sealed class MessagePropertyTests
{
    private const int Seeds = 60;

    public static TheoryData<string> Types => [.. GeneratedType.All.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void Round_trips_every_canonical_encoding(string name) => ForSeeds(name, (type, values) =>
    {
        var bytes = type.Sample(values);

        Assert.Equal(DecodeStatus.Ok, type.Decode(bytes, DecodeLimits.Untrusted, out var value, out int consumed, out _));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal(bytes.Length, value!.GetEncodedSize());
        if (value is IXtmpMessage message)
        {
            Assert.InRange(bytes.Length, 1, (long)message.Info.MaxEncodedSize + DecodeLimits.Untrusted.MaxUnknownBytes);
        }

        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(value.ToBytes()));
        var output = new ArrayBufferWriter<byte>();
        value.Encode(output);
        Assert.True(output.WrittenSpan.SequenceEqual(bytes));
        Assert.True(value.TryValidate(out var invalid), invalid.ToString());

        type.DecodeExactly(bytes, out var again, out _);
        Assert.Equal(value, again);
        Assert.Equal(value.GetHashCode(), again!.GetHashCode());
        Assert.NotEmpty(value.ToString()!);
    });

    [Theory]
    [MemberData(nameof(Types))]
    public void Round_trips_the_json_view(string name) => ForSeeds(name, (type, values) =>
    {
        type.DecodeExactly(type.Sample(values), out var value, out _);
        var json = value!.ToJson();
        if (!type.HasSecrets)
        {
            Assert.Equal(value, type.FromJson(json));
        }
    });

    [Theory]
    [MemberData(nameof(Types))]
    public void Rejects_truncation_at_every_byte(string name) => ForSeeds(name, (type, values) =>
    {
        var bytes = type.Sample(values);
        for (int length = 0; length < Math.Min(bytes.Length, 1500); length++)
        {
            var status = type.Decode(bytes.AsSpan(0, length), DecodeLimits.Untrusted, out var value, out int consumed, out var error);
            Assert.True(status == DecodeStatus.Truncated, $"{length} of {bytes.Length} bytes: {error}");
            Assert.Null(value);
            Assert.Equal(0, consumed);
            Assert.InRange(error.Offset, 0, length);
        }
    }, Seeds / 4);

    [Theory]
    [MemberData(nameof(Types))]
    public void Leaves_trailing_bytes_to_the_caller(string name) => ForSeeds(name, (type, values) =>
    {
        var bytes = type.Sample(values);
        byte[] longer = [.. bytes, 0, 0, 0xc1];

        Assert.Equal(DecodeStatus.Ok, type.Decode(longer, DecodeLimits.Untrusted, out _, out int consumed, out _));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal(DecodeStatus.TrailingBytes, type.DecodeExactly(longer, out var value, out var error));
        Assert.Null(value);
        Assert.Equal(bytes.Length, error.Offset);
    }, Seeds / 4);

    [Theory]
    [MemberData(nameof(Types))]
    public void Reads_one_byte_at_a_time(string name) => ForSeeds(name, (type, values) =>
    {
        var bytes = type.Sample(values);
        type.DecodeExactly(bytes, out var whole, out _);

        Assert.Equal(DecodeStatus.Ok, type.Decode(ByteSegments.Of([.. bytes, 0]), out var value, out long consumed, out _));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal(whole, value);
        if (bytes.Length > 0)
        {
            Assert.Equal(DecodeStatus.Truncated, type.Decode(ByteSegments.Of(bytes[..^1]), out value, out consumed, out _));
            Assert.Null(value);
            Assert.Equal(0, consumed);
        }
    }, Seeds / 4);

    [Theory]
    [MemberData(nameof(Types))]
    public void Keeps_unknown_fields(string name) => ForSeeds(name, (type, values) =>
    {
        if (type.Shape is not { } shape)
        {
            return;
        }

        var elements = values.Elements(shape);
        int slots = shape.Fields.Count == 0 ? 0 : shape.Fields[^1].Id + 1;
        while (elements.Count < slots)
        {
            elements.Add(PlainPack.Nil);
        }

        int added = 1 + values.Random.Next(3);
        elements.AddRange(Enumerable.Range(0, added).Select(_ => values.Anything()));
        var bytes = PlainPack.Array(elements);

        var status = type.Decode(bytes, DecodeLimits.Untrusted, out var value, out _, out var error);
        Assert.True(status == DecodeStatus.Ok, error.ToString());
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(value!.ToBytes()));
        if (!type.HasSecrets)
        {
            Assert.Equal(value, type.FromJson(value!.ToJson()));
        }

        var limits = new DecodeLimits { MaxUnknownBytes = elements.TakeLast(added).Sum(e => e.Length) - 1 };
        Assert.Equal(DecodeStatus.LimitExceeded, type.Decode(bytes, limits, out value, out _, out _));
        Assert.Null(value);
    });

    [Theory]
    [MemberData(nameof(Types))]
    public void Rejects_a_nil_at_the_end(string name) => ForSeeds(name, (type, values) =>
    {
        if (type.Shape is { } shape)
        {
            var bytes = PlainPack.Array([.. values.Elements(shape), PlainPack.Nil]);

            Assert.Equal(DecodeStatus.NotCanonical, type.Decode(bytes, DecodeLimits.Untrusted, out var value, out _, out _));
            Assert.Null(value);
        }
    }, Seeds / 4);

    [Theory]
    [MemberData(nameof(Types))]
    public void Rejects_nesting_beyond_the_limit(string name) => ForSeeds(name, (type, values) =>
    {
        var status = type.Decode(type.Sample(values), new DecodeLimits { MaxDepth = 0 }, out var value, out _, out _);
        Assert.Equal(DecodeStatus.LimitExceeded, status);
        Assert.Null(value);
    }, 1);

    [Theory]
    [MemberData(nameof(Types))]
    public void Encoding_allocates_nothing_and_refuses_a_short_buffer(string name) => ForSeeds(name, (type, values) =>
    {
        type.DecodeExactly(type.Sample(values), out var value, out _);
        var buffer = new byte[value!.GetEncodedSize()];

        // The runtime may allocate on this thread while it prepares a method; an encoder that allocates does so every time.
        var (written, size, allocated) = (0, 0, long.MaxValue);
        for (int attempt = 0; attempt < 8 && allocated != 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            written = value.Encode(buffer);
            size = value.GetEncodedSize();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
        Assert.Equal(size, written);
        Assert.Throws<ArgumentException>(() => value.Encode(buffer.AsSpan(0, size - 1)));
    }, 4);

    private static void ForSeeds(string name, Action<GeneratedType, WireValues> check, int seeds = Seeds)
    {
        var type = GeneratedType.All[name];
        for (int seed = 0; seed < seeds; seed++)
        {
            try
            {
                check(type, type.Values(seed));
            }
            catch (Exception error)
            {
                throw new Xunit.Sdk.XunitException($"{name}, seed {seed}: {error}");
            }
        }
    }
}
