using System.Text.Json.Nodes;
using Xtmp.Protocol;
using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>A call whose request is encoded; it may be made any number of times.</summary>
public sealed class SchemaCall(string handler, MethodModel method, MessageInfo request, byte[] encoded, MessageInfo? reply, StructModel? answer, SchemaModel schema, IReadOnlyDictionary<string, object> types)
{
    private readonly RawMessage _message = new(request, encoded);

    public bool IsStream => reply is not null && method.Kind != MethodKind.Unary;

    /// <summary>Handler.Method.</summary>
    public string Name => $"{handler}.{method.Name}";

    /// <summary>Makes the call; gives the reply, each item of a stream, and nothing for a one-way method.</summary>
    /// <exception cref="XtmpException">The call failed; a <see cref="DeclaredErrorException"/> where the schema declares the error.</exception>
    public async Task CallAsync(ICallInvoker invoker, Action<JsonObject> answered, CallContext context)
    {
        try
        {
            await CallUndeclaredAsync(invoker, answered, context);
        }
        catch (XtmpException e) when (Declared(e) is { } declared)
        {
            throw declared;
        }
    }

    private async Task CallUndeclaredAsync(ICallInvoker invoker, Action<JsonObject> answered, CallContext context)
    {
        if (!IsStream)
        {
            if (await SendAsync(invoker, context) is { } raw)
            {
                answered(new ReplyReader(types, raw.Encoded).Read(answer!));
            }

            return;
        }

        await foreach (RawMessage item in invoker.StreamAsync(new StreamMethod<RawMessage, RawMessage>(handler, method.Name, request, reply!), _message, context))
        {
            answered(new ReplyReader(types, item.Encoded).Read(answer!));
        }
    }

    /// <summary>Makes the call of a method without a stream and leaves the reply as it is; null for a one-way method.</summary>
    public async ValueTask<RawMessage?> SendAsync(ICallInvoker invoker, CallContext context)
    {
        if (reply is null)
        {
            await invoker.SendAsync(new OneWayMethod<RawMessage>(handler, method.Name, request), _message, context);
            return null;
        }

        return await invoker.InvokeAsync(new UnaryMethod<RawMessage, RawMessage>(handler, method.Name, request, reply), _message, context);
    }

    /// <summary>The error as its schema declares it; null where it does not, and where the detail does not fit.</summary>
    private DeclaredErrorException? Declared(XtmpException error)
    {
        if (schema.Messages.FirstOrDefault(m => m.ErrorCode == (int)error.Code && m.ErrorCode != 0) is not { } declared
            || XtmpCodec.TryDecodeExactly<RawMessage>(error.EncodedDetail.Span, DecodeLimits.Untrusted, out RawMessage? raw, out _) != DecodeStatus.Ok)
        {
            return null;
        }

        try
        {
            return new(declared.Name, new ReplyReader(types, raw!.Encoded).Read(declared.Shape), error);
        }
        catch (XtmpException)
        {
            return null;
        }
    }
}
