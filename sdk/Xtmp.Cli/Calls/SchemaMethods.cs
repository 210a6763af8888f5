using System.Text.Json;
using Xtmp.Cli.Schema.Vectors;
using Xtmp.Protocol;
using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>The methods of a schema, callable with JSON.</summary>
public sealed class SchemaMethods(SchemaModel schema)
{
    private readonly IReadOnlyDictionary<string, object> _types = TypeGraph.Of(schema).All;

    /// <summary>Every method that leaves a silo, as <c>Handler.Method</c>.</summary>
    public IReadOnlyList<string> Names { get; } =
    [
        .. schema.Handlers.SelectMany(h => h.Methods.Where(m => schema.Messages.First(x => x.Name == m.Request.Name).Code != 0).Select(m => $"{h.Name}.{m.Name}")).Order(StringComparer.Ordinal),
    ];

    /// <summary>Encodes a request.</summary>
    /// <exception cref="FormatException">The request does not fit the schema.</exception>
    public SchemaCall Prepare(string name, JsonElement json)
    {
        string[] parts = name.Split('.');
        HandlerModel handler = schema.Handlers.First(h => h.Name == parts[0]);
        MethodModel method = handler.Methods.First(m => m.Name == parts[1]);
        MessageModel asked = schema.Messages.First(m => m.Name == method.Request.Name);
        byte[] encoded = new ValueEncoder(_types).Encode(asked.Shape, new RequestReader(_types).Read(asked.Shape, json, ""));
        MessageModel? answered = method.Reply is null ? null : schema.Messages.First(m => m.Name == method.Reply.Name);
        return new SchemaCall(handler.Name, method, Info(asked), encoded, answered is null ? null : Info(answered), answered?.Shape, schema, _types);
    }

    private static MessageInfo Info(MessageModel m) => new(m.Name, m.Code, m.Kind switch
    {
        MessageKind.Request => FrameKind.Request,
        MessageKind.Item => FrameKind.StreamItem,
        MessageKind.OneWay => FrameKind.OneWay,
        _ => FrameKind.Response,
    })
    {
        Transport = (TransportClass)m.Transport,
        Priority = (MessagePriority)m.Priority,
        RequiresAck = m.Ack,
        Compressible = m.Compressible,
        Idempotent = m.Idempotent,
        Authentication = (AuthenticationLevel)m.Authentication,
    };
}
