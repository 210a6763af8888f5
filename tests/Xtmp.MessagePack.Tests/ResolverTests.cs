using System.Buffers;
using global::MessagePack;
using global::MessagePack.Resolvers;
using Xtmp.Messages;
using Xtmp.Messages.Tests;
using Xtmp.Protocol;

namespace Xtmp.MessagePack.Tests;

/// <summary>Generated types through MessagePackSerializer, as SignalR or a cache would send them.</summary>
public sealed class ResolverTests
{
    private static readonly MessagePackSerializerOptions Options =
        MessagePackSerializerOptions.Standard.WithResolver(CompositeResolver.Create(XtmpResolver.Instance, StandardResolver.Instance));

    private static readonly WalletBalance Message = new() { Wallet = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray() };

    [Fact]
    public void writes_the_canonical_encoding_and_reads_it_back()
    {
        var bytes = MessagePackSerializer.Serialize(Message, Options);

        Assert.Equal(Message.ToBytes(), bytes);
        Assert.Equal(Message, MessagePackSerializer.Deserialize<WalletBalance>(bytes, Options));
    }

    [Fact]
    public void stands_inside_other_types()
    {
        var list = new List<WalletBalance?> { Message, null, Message };
        var bytes = MessagePackSerializer.Serialize(list, Options);

        Assert.Equal(list, MessagePackSerializer.Deserialize<List<WalletBalance?>>(bytes, Options));
    }

    [Fact]
    public void goes_through_the_librarys_compression()
    {
        var options = Options.WithCompression(MessagePackCompression.Lz4BlockArray);
        var many = Enumerable.Repeat(Message, 100).ToArray();
        var bytes = MessagePackSerializer.Serialize(many, options);

        Assert.True(bytes.Length < 100 * Message.GetEncodedSize());
        Assert.Equal(many, MessagePackSerializer.Deserialize<WalletBalance[]>(bytes, options));
    }

    [Fact]
    public void reads_input_in_segments_of_one_byte()
    {
        var many = Enumerable.Repeat(Message, 300).ToArray();
        var bytes = MessagePackSerializer.Serialize(many, Options);

        Assert.Equal(many, MessagePackSerializer.Deserialize<WalletBalance[]>(ByteSegments.Of(bytes), Options));
    }

    [Fact]
    public void refuses_to_write_what_a_peer_would_refuse()
    {
        var error = Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Serialize(new WalletBalance { Wallet = new byte[31] }, Options));

        Assert.Contains("wallet", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("91c41f")]
    [InlineData("91a161")]
    [InlineData("90")]
    [InlineData("c3")]
    [InlineData("dc0001c420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    public void refuses_to_read_what_is_not_canonical(string hex)
    {
        var error = Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<WalletBalance>(Convert.FromHexString(hex), Options));

        Assert.Contains(nameof(WalletBalance), error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void refuses_nesting_without_end_in_unknown_fields()
    {
        byte[] nested = [0x92, .. Message.ToBytes().AsSpan(1), .. Enumerable.Repeat((byte)0x91, 1_000_000), 0xc0];

        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<WalletBalance>(nested, Options));
    }

    [Fact]
    public void leaves_other_types_to_other_resolvers()
    {
        Assert.Null(XtmpResolver.Instance.GetFormatter<int>());
        Assert.Null(XtmpResolver.Instance.GetFormatter<IXtmpStruct>());
        Assert.NotNull(XtmpResolver.Instance.GetFormatter<WalletBalance>());
    }
}
