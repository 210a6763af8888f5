using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>codec</c>: our codec, Google.Protobuf and System.Text.Json (source-generated) on the same data. Every side
/// encodes into a buffer it has and decodes from an array; the bars hold for encode and decode together.
/// </summary>
internal static class CodecBenches
{
    private static object? s_sink;

    public static Task RunAsync(BenchContext context)
    {
        Transaction(context);
        Bundle(context);
        return Task.CompletedTask;
    }

    private static void Transaction(BenchContext context)
    {
        var buffer = new byte[4096];
        var ours = CodecSamples.Transaction.ToBytes();
        var protobuf = ProtobufPeer.Transaction.ToByteArray();
        var json = JsonSerializer.SerializeToUtf8Bytes(JsonPeer.Transaction, JsonPeerContext.Default.JsonTransaction);
        var jsonOutput = new ArrayBufferWriter<byte>(4096);
        using var jsonWriter = new Utf8JsonWriter(jsonOutput);
        Compare(
            context,
            "codec.transaction",
            ours.Length,
            new Side(
                Loop(() => CodecSamples.Transaction.Encode(buffer)),
                Loop(() => s_sink = DecodeTransaction(ours))),
            2.2,
            protobuf.Length,
            new Side(
                Loop(() => ProtobufPeer.Transaction.WriteTo(buffer.AsSpan(0, ProtobufPeer.Transaction.CalculateSize()))),
                Loop(() => s_sink = Protobuf.WalletTransaction.Parser.ParseFrom(protobuf))),
            json.Length,
            new Side(
                Loop(() => Encode(jsonOutput, jsonWriter, () => JsonSerializer.Serialize(jsonWriter, JsonPeer.Transaction, JsonPeerContext.Default.JsonTransaction))),
                Loop(() => s_sink = JsonSerializer.Deserialize(json, JsonPeerContext.Default.JsonTransaction))));
    }

    private static void Bundle(BenchContext context)
    {
        var buffer = new byte[8192];
        var ours = CodecSamples.Bundle.ToBytes();
        var protobuf = ProtobufPeer.Bundle.ToByteArray();
        var json = JsonSerializer.SerializeToUtf8Bytes(JsonPeer.Bundle, JsonPeerContext.Default.JsonBundle);
        var jsonOutput = new ArrayBufferWriter<byte>(8192);
        using var jsonWriter = new Utf8JsonWriter(jsonOutput);
        Compare(
            context,
            "codec.bundle",
            ours.Length,
            new Side(
                Loop(() => CodecSamples.Bundle.Encode(buffer)),
                Loop(() => s_sink = DecodeBundle(ours))),
            1.9,
            protobuf.Length,
            new Side(
                Loop(() => ProtobufPeer.Bundle.WriteTo(buffer.AsSpan(0, ProtobufPeer.Bundle.CalculateSize()))),
                Loop(() => s_sink = Protobuf.PoEProofBundle.Parser.ParseFrom(protobuf))),
            json.Length,
            new Side(
                Loop(() => Encode(jsonOutput, jsonWriter, () => JsonSerializer.Serialize(jsonWriter, JsonPeer.Bundle, JsonPeerContext.Default.JsonBundle))),
                Loop(() => s_sink = JsonSerializer.Deserialize(json, JsonPeerContext.Default.JsonBundle))));
    }

    private static WalletTransaction? DecodeTransaction(byte[] source)
    {
        WalletTransaction.TryDecode(source, DecodeLimits.Untrusted, out var value, out _, out _);
        return value;
    }

    private static PoEProofBundle? DecodeBundle(byte[] source)
    {
        PoEProofBundle.TryDecode(source, DecodeLimits.Untrusted, out var value, out _, out _);
        return value;
    }

    private static void Encode(ArrayBufferWriter<byte> output, Utf8JsonWriter writer, Action write)
    {
        output.ResetWrittenCount();
        writer.Reset(output);
        write();
        writer.Flush();
    }

    private static Action<int> Loop(Action operation) => Contender.Of("", operation).Run;

    private static void Compare(BenchContext context, string name, int size, Side ours, double protobufBar, int protobufSize, Side protobuf, int jsonSize, Side json)
    {
        var measured = InterleavedRounds.Measure(
            context.Budget,
            1,
            new Contender("encode", ours.Encode),
            new Contender("decode", ours.Decode),
            new Contender("protobuf encode", protobuf.Encode),
            new Contender("protobuf decode", protobuf.Decode),
            new Contender("json encode", json.Encode),
            new Contender("json decode", json.Decode));
        const string protobufName = "Google.Protobuf 3.25";
        const string jsonName = "System.Text.Json";
        Report(context, $"{name}.encode.protobuf", measured[0], protobufName, measured[2], null, $"{size} bytes, peer {protobufSize}");
        Report(context, $"{name}.decode.protobuf", measured[1], protobufName, measured[3], null, null);
        Report(context, $"{name}.both.protobuf", Sum(measured[0], measured[1]), protobufName, Sum(measured[2], measured[3]), protobufBar, null);
        Report(context, $"{name}.encode.json", measured[0], jsonName, measured[4], null, $"{size} bytes, peer {jsonSize}");
        Report(context, $"{name}.decode.json", measured[1], jsonName, measured[5], null, null);
        Report(context, $"{name}.both.json", Sum(measured[0], measured[1]), jsonName, Sum(measured[4], measured[5]), 4.5, null);
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

    private sealed record Side(Action<int> Encode, Action<int> Decode);
}
