using System.Text.Json.Serialization;

namespace Xtmp.Benchmarks;

/// <summary>The messages of rpc.yaml as JSON.</summary>
internal sealed record JsonEchoRequest(string Key, byte[] Body);

internal sealed record JsonEchoReply(byte[] Body);

[JsonSerializable(typeof(JsonEchoRequest))]
[JsonSerializable(typeof(JsonEchoReply))]
internal sealed partial class JsonEchoContext : JsonSerializerContext;
