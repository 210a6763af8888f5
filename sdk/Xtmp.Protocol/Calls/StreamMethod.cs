namespace Xtmp.Protocol;

/// <summary>A stream method seen by code that knows no message types, such as a gateway.</summary>
public interface IStreamMethod
{
    IAsyncEnumerable<IXtmpMessage> InvokeAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context);

    /// <summary>Runs the method on a handler object and gives what it returns, as it is.</summary>
    IAsyncEnumerable<IXtmpMessage> HandleAsync(object handler, IXtmpMessage request, CallContext context);
}

/// <summary>A method answered by items and then an end or an error.</summary>
public sealed class StreamMethod<TRequest, TItem> : MethodDescriptor<TRequest>, IStreamMethod
    where TRequest : class, IXtmpMessage<TRequest>
    where TItem : class, IXtmpMessage<TItem>
{
    private readonly Func<object, TRequest, CallContext, IAsyncEnumerable<TItem>> _handle;

    /// <inheritdoc cref="UnaryMethod{TRequest,TReply}(string,string,Func{TRequest,CallContext,string},Func{object,TRequest,CallContext,ValueTask{TReply}})"/>
    public StreamMethod(string handler, string name, Func<TRequest, CallContext, string> key, Func<object, TRequest, CallContext, IAsyncEnumerable<TItem>> handle)
        : base(handler, name, TItem.MessageInfo, key)
    {
        _handle = handle;
    }

    /// <summary>
    /// A method that is only called, for a client that knows the schema at run time and whose message type stands for many.
    /// </summary>
    public StreamMethod(string handler, string name, MessageInfo request, MessageInfo item)
        : base(handler, name, request, item, (_, _) => throw ClientOnly())
    {
        _handle = (_, _, _) => throw ClientOnly();
    }

    /// <summary>Runs the method on a handler object.</summary>
    public IAsyncEnumerable<TItem> HandleAsync(object handler, TRequest request, CallContext context) => _handle(handler, request, context);

    IAsyncEnumerable<IXtmpMessage> IStreamMethod.InvokeAsync(ICallInvoker invoker, IXtmpMessage request, CallContext context) =>
        invoker.StreamAsync(this, (TRequest)request, context);

    IAsyncEnumerable<IXtmpMessage> IStreamMethod.HandleAsync(object handler, IXtmpMessage request, CallContext context) => _handle(handler, (TRequest)request, context);
}
