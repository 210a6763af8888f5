using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using MemoryPack;
using MessagePack;
using PolyType;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>codec</c>: our codec, Google.Protobuf, System.Text.Json (source-generated), MessagePack-CSharp, MemoryPack and
/// Nerdbank.MessagePack on the same data, each with its default options. Every side encodes into a buffer it has and decodes from an array; the bars hold for encode and decode together.
/// </summary>
internal static class CodecBenches
{
    private static object? s_sink;

    private static readonly Nerdbank.MessagePack.MessagePackSerializer s_nerdbank = new();

    public static Task RunAsync(BenchContext context)
    {
        var buffer = new byte[16 * 1024];
        var output = new ArrayBufferWriter<byte>(16 * 1024);
        using var jsonWriter = new Utf8JsonWriter(output);
        var ours = CodecSamples.Transaction.ToBytes();
        var protobuf = ProtobufPeer.Transaction.ToByteArray();
        var json = JsonSerializer.SerializeToUtf8Bytes(JsonPeer.Transaction, JsonPeerContext.Default.JsonTransaction);
        Compare(
            context,
            "codec.transaction",
            new Side("ours", ours.Length, null, Loop(() => CodecSamples.Transaction.Encode(buffer)), Loop(() => s_sink = DecodeTransaction(ours))),
            new Side("Google.Protobuf", protobuf.Length, 2.2,
                Loop(() => ProtobufPeer.Transaction.WriteTo(buffer.AsSpan(0, ProtobufPeer.Transaction.CalculateSize()))),
                Loop(() => s_sink = Protobuf.WalletTransaction.Parser.ParseFrom(protobuf))),
            new Side("System.Text.Json", json.Length, 4.5,
                Loop(() => Encode(output, jsonWriter, () => JsonSerializer.Serialize(jsonWriter, JsonPeer.Transaction, JsonPeerContext.Default.JsonTransaction))),
                Loop(() => s_sink = JsonSerializer.Deserialize(json, JsonPeerContext.Default.JsonTransaction))),
            MessagePackOf(output, PackedPeer.Transaction),
            MemoryPackOf(output, PackedPeer.Transaction),
            NerdbankOf(output, PackedPeer.Transaction));

        var oursBundle = CodecSamples.Bundle.ToBytes();
        var protobufBundle = ProtobufPeer.Bundle.ToByteArray();
        var jsonBundle = JsonSerializer.SerializeToUtf8Bytes(JsonPeer.Bundle, JsonPeerContext.Default.JsonBundle);
        Compare(
            context,
            "codec.bundle",
            new Side("ours", oursBundle.Length, null, Loop(() => CodecSamples.Bundle.Encode(buffer)), Loop(() => s_sink = DecodeBundle(oursBundle))),
            new Side("Google.Protobuf", protobufBundle.Length, 1.9,
                Loop(() => ProtobufPeer.Bundle.WriteTo(buffer.AsSpan(0, ProtobufPeer.Bundle.CalculateSize()))),
                Loop(() => s_sink = Protobuf.PoEProofBundle.Parser.ParseFrom(protobufBundle))),
            new Side("System.Text.Json", jsonBundle.Length, 4.5,
                Loop(() => Encode(output, jsonWriter, () => JsonSerializer.Serialize(jsonWriter, JsonPeer.Bundle, JsonPeerContext.Default.JsonBundle))),
                Loop(() => s_sink = JsonSerializer.Deserialize(jsonBundle, JsonPeerContext.Default.JsonBundle))),
            MessagePackOf(output, PackedPeer.Bundle),
            MemoryPackOf(output, PackedPeer.Bundle),
            NerdbankOf(output, PackedPeer.Bundle));
        return Task.CompletedTask;
    }

    private static Side MessagePackOf<T>(ArrayBufferWriter<byte> output, T sample)
    {
        var bytes = MessagePackSerializer.Serialize(sample);
        return new Side(
            "MessagePack-CSharp",
            bytes.Length,
            null,
            Loop(() =>
            {
                output.ResetWrittenCount();
                MessagePackSerializer.Serialize(output, sample);
            }),
            Loop(() => s_sink = MessagePackSerializer.Deserialize<T>(bytes)));
    }

    private static Side MemoryPackOf<T>(ArrayBufferWriter<byte> output, T sample)
    {
        var bytes = MemoryPackSerializer.Serialize(sample);
        return new Side(
            "MemoryPack",
            bytes.Length,
            1,
            Loop(() =>
            {
                output.ResetWrittenCount();
                MemoryPackSerializer.Serialize(output, sample);
            }),
            Loop(() => s_sink = MemoryPackSerializer.Deserialize<T>(bytes)));
    }

    private static Side NerdbankOf<T>(ArrayBufferWriter<byte> output, T sample)
        where T : IShapeable<T>
    {
        var bytes = s_nerdbank.Serialize(sample);
        return new Side(
            "Nerdbank.MessagePack",
            bytes.Length,
            null,
            Loop(() =>
            {
                output.ResetWrittenCount();
                s_nerdbank.Serialize(output, sample);
            }),
            Loop(() => s_sink = s_nerdbank.Deserialize<T>(bytes)));
    }

    private static WalletTransaction? DecodeTransaction(byte[] source)
    {
        var status = WalletTransaction.TryDecode(source, DecodeLimits.Untrusted, out var value, out _, out var error);
        return status == DecodeStatus.Ok ? value : throw new InvalidOperationException($"The sample does not decode: {error}");
    }

    private static PoEProofBundle? DecodeBundle(byte[] source)
    {
        var status = PoEProofBundle.TryDecode(source, DecodeLimits.Untrusted, out var value, out _, out var error);
        return status == DecodeStatus.Ok ? value : throw new InvalidOperationException($"The sample does not decode: {error}");
    }

    private static void Encode(ArrayBufferWriter<byte> output, Utf8JsonWriter writer, Action write)
    {
        output.ResetWrittenCount();
        writer.Reset(output);
        write();
        writer.Flush();
    }

    private static Action<int> Loop(Action operation) => Contender.Of("", operation).Run;

    private static void Compare(BenchContext context, string name, Side ours, params Side[] peers)
    {
        Side[] sides = [ours, .. peers];
        var measured = InterleavedRounds.Measure(
            context.Budget,
            1,
            [.. sides.SelectMany(side => new[] { new Contender($"{side.Name} encode", side.Encode), new Contender($"{side.Name} decode", side.Decode) })]);
        for (var i = 0; i < peers.Length; i++)
        {
            var peer = peers[i];
            var (encode, decode) = (measured[2 + (2 * i)], measured[3 + (2 * i)]);
            var label = $"{name}.{{0}}.{peer.Name.ToLowerInvariant().Replace('.', '_')}";
            Report(context, string.Format(CultureInfo.InvariantCulture, label, "encode"), measured[0], peer.Name, encode, null, $"{ours.Size} bytes, peer {peer.Size}");
            Report(context, string.Format(CultureInfo.InvariantCulture, label, "decode"), measured[1], peer.Name, decode, null, null);
            Report(context, string.Format(CultureInfo.InvariantCulture, label, "both"), Sum(measured[0], measured[1]), peer.Name, Sum(encode, decode), peer.Bar, null);
        }
    }

    private static Measurement Sum(Measurement encode, Measurement decode) =>
        new(encode.Seconds + decode.Seconds, Math.Max(encode.Spread, decode.Spread), encode.Allocated + decode.Allocated);

    private static void Report(BenchContext context, string name, Measurement ours, string peer, Measurement theirs, double? bar, string? note) =>
        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = ours.Seconds * 1e9,
            Unit = "ns",
            HigherIsBetter = false,
            Peer = peer,
            PeerValue = theirs.Seconds * 1e9,
            Bar = bar,
            Allocated = Math.Round(ours.Allocated),
            Note = string.Join("; ", new[] { note, ours.SpreadNote, theirs.SpreadNote is { } spread ? "peer " + spread : null }.Where(part => part is not null)),
        });

    /// <param name="Name">Whose codec.</param>
    /// <param name="Size">Bytes of the message as it encodes it.</param>
    /// <param name="Bar">How many times slower than ours it is to be, encode and decode together.</param>
    /// <param name="Encode">Encodes so many times.</param>
    /// <param name="Decode">Decodes so many times.</param>
    private sealed record Side(string Name, int Size, double? Bar, Action<int> Encode, Action<int> Decode);
}
