using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>Calls a method; a reply, each item of a stream, and nothing for a one-way method.</summary>
    /// <exception cref="FormatException">The request does not fit the schema.</exception>
    /// <exception cref="XtmpException">The call failed.</exception>
    public async Task CallAsync(string name, JsonElement json, ICallInvoker invoker, Action<JsonObject> answer, CallContext context)
    {
        string[] parts = name.Split('.');
        HandlerModel handler = schema.Handlers.First(h => h.Name == parts[0]);
        MethodModel method = handler.Methods.First(m => m.Name == parts[1]);
        MessageModel asked = schema.Messages.First(m => m.Name == method.Request.Name);
        MessageInfo request = Info(asked);
        RawMessage message = new(request, new ValueEncoder(_types).Encode(asked.Shape, new RequestReader(_types).Read(asked.Shape, json, "")));
        if (method.Reply is null)
        {
            await invoker.SendAsync(new OneWayMethod<RawMessage>(handler.Name, method.Name, request), message, context);
            return;
        }

        MessageModel answered = schema.Messages.First(m => m.Name == method.Reply.Name);
        MessageInfo reply = Info(answered);
        if (method.Kind == MethodKind.Unary)
        {
            RawMessage raw = await invoker.InvokeAsync(new UnaryMethod<RawMessage, RawMessage>(handler.Name, method.Name, request, reply), message, context);
            answer(new ReplyReader(_types, raw.Encoded).Read(answered.Shape));
            return;
        }

        await foreach (RawMessage item in invoker.StreamAsync(new StreamMethod<RawMessage, RawMessage>(handler.Name, method.Name, request, reply), message, context))
        {
            answer(new ReplyReader(_types, item.Encoded).Read(answered.Shape));
        }
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
