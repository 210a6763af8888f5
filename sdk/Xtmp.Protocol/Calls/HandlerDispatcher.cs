namespace Xtmp.Protocol;

/// <summary>
/// Base of the generated dispatchers: a message in, the handler's method called, the reply out. As an
/// <see cref="ICallInvoker"/> it calls the handler directly, without codecs; <see cref="InMemoryInvoker"/> puts them between.
/// </summary>
public abstract class HandlerDispatcher : ICallInvoker
{
    private readonly object _handler;

    private protected HandlerDispatcher(object handler, IReadOnlyList<MethodDescriptor> methods)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handler = handler;
        Methods = methods;
    }

    /// <summary>What the handler serves.</summary>
    public IReadOnlyList<MethodDescriptor> Methods { get; }

    /// <summary>The method a request with this wire code calls, or null.</summary>
    public MethodDescriptor? Find(byte code)
    {
        if (code != 0)
        {
            foreach (var method in Methods)
            {
                if (method.Code == code)
                {
                    return method;
                }
            }
        }

        return null;
    }

    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => Served(method).HandleAsync(_handler, request, context);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => Served(method).HandleAsync(_handler, request, context);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => Served(method).HandleAsync(_handler, request, context);

    /// <summary>Calls a unary method whose types are not known here.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.NotServed"/> when the handler has no such unary method.</exception>
    public ValueTask<IXtmpMessage> DispatchAsync(MethodDescriptor method, IXtmpMessage request, CallContext context) =>
        method is IUnaryMethod unary ? unary.InvokeAsync(this, request, context) : throw NotServed(method);

    /// <summary>Calls a stream method whose types are not known here.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.NotServed"/> when the handler has no such stream method.</exception>
    public IAsyncEnumerable<IXtmpMessage> DispatchStreamAsync(MethodDescriptor method, IXtmpMessage request, CallContext context) =>
        method is IStreamMethod stream ? stream.InvokeAsync(this, request, context) : throw NotServed(method);

    /// <summary>Calls a one-way method whose types are not known here.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.NotServed"/> when the handler has no such one-way method.</exception>
    public ValueTask DispatchOneWayAsync(MethodDescriptor method, IXtmpMessage request, CallContext context) =>
        method is IOneWayMethod oneWay ? oneWay.SendAsync(this, request, context) : throw NotServed(method);

    private TMethod Served<TMethod>(TMethod method)
        where TMethod : MethodDescriptor
    {
        foreach (var served in Methods)
        {
            if (ReferenceEquals(served, method))
            {
                return method;
            }
        }

        throw NotServed(method);
    }

    private static XtmpException NotServed(MethodDescriptor method) =>
        new(XtmpErrorCode.NotServed, Fault.Local, $"{method} is not served here.");
}

/// <summary>A dispatcher into a handler of known type; the generator derives one for each handler.</summary>
public abstract class HandlerDispatcher<THandler> : HandlerDispatcher
    where THandler : class
{
    protected HandlerDispatcher(THandler handler, IReadOnlyList<MethodDescriptor> methods)
        : base(handler, methods)
    {
        Handler = handler;
    }

    public THandler Handler { get; }
}
