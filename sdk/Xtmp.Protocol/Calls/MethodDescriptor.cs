namespace Xtmp.Protocol;

/// <summary>
/// One method of a generated handler: the join between message codes, typed handlers and grain keys.
/// </summary>
public abstract class MethodDescriptor
{
    private protected MethodDescriptor(string handler, string name, MessageInfo request, MessageInfo? reply)
    {
        Handler = handler;
        Name = name;
        Request = request;
        Reply = reply;
    }

    /// <summary>
    /// The schema's handler group, which is also the grain kind: with its protocol before it, for example <c>orders.Order</c>,
    /// so that two schemas in one silo may use one name; without in XTMP's own schemas, for example <c>Wallet</c>.
    /// </summary>
    public string Handler { get; }

    /// <summary>Method name without <c>Async</c>, for example <c>Transaction</c>.</summary>
    public string Name { get; }

    public MessageInfo Request { get; }

    /// <summary>The reply or stream item, or null for a one-way method.</summary>
    public MessageInfo? Reply { get; }

    /// <summary>
    /// True when the caller proves by this method that it holds the wallet that is the grain key, 32 bytes in hex
    /// (schema <c>authenticates: wallet</c>). A gateway gives such a call <see cref="CallerInfo.WalletBinding"/>, and lets
    /// the session speak for the wallet once the call has succeeded.
    /// </summary>
    public bool AuthenticatesWallet { get; init; }

    /// <summary>What a call costs, for rate limits.</summary>
    public CallCost Cost { get; init; }

    /// <summary>The roles of which a caller needs one; none where any caller will do.</summary>
    public CallerRoles Requires { get; init; }

    /// <summary>The errors its schema declares, which its handler may throw.</summary>
    public IReadOnlyList<ErrorDescriptor> Errors { get; init; } = [];

    /// <summary>
    /// An error that answered this method as the exception its schema declares; the error itself where the schema declares
    /// none, or where the detail cannot be read.
    /// </summary>
    public XtmpException ToTyped(XtmpException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error.GetType() != typeof(XtmpException) || error.EncodedDetail.IsEmpty)
        {
            return error;
        }

        foreach (var declared in Errors)
        {
            if (declared.Code == (ushort)error.Code)
            {
                return declared.Read(error) ?? error;
            }
        }

        return error;
    }

    /// <summary>The wire code, or 0 for a method that is called inside a silo only.</summary>
    public byte Code => Request.Code;

    /// <summary>The grain key the schema names, as text: strings as they are, bytes in lowercase hex, integers in decimal.</summary>
    public abstract string GetKey(IXtmpMessage request, CallContext context);

    /// <summary>Decodes a request of this method from an authenticated, decompressed payload.</summary>
    public abstract DecodeStatus TryDecodeRequest(ReadOnlySpan<byte> source, DecodeLimits limits, out IXtmpMessage? request, out int consumed, out DecodeError error);

    public override string ToString() => $"{Handler}.{Name}";
}

/// <summary>What the three kinds of method share once the request type is known.</summary>
public abstract class MethodDescriptor<TRequest> : MethodDescriptor
    where TRequest : class, IXtmpMessage<TRequest>
{
    private readonly Func<TRequest, CallContext, string> _key;

    private protected MethodDescriptor(string handler, string name, MessageInfo? reply, Func<TRequest, CallContext, string> key)
        : this(handler, name, TRequest.MessageInfo, reply, key)
    {
    }

    private protected MethodDescriptor(string handler, string name, MessageInfo request, MessageInfo? reply, Func<TRequest, CallContext, string> key)
        : base(handler, name, request, reply)
    {
        _key = key;
    }

    /// <summary>For the key and the handling of a method that a client made from a schema at run time.</summary>
    private protected static InvalidOperationException ClientOnly() => new("A method that was made at run time is for calling, not for serving.");

    public sealed override string GetKey(IXtmpMessage request, CallContext context) => _key((TRequest)request, context);

    public string GetKey(TRequest request, CallContext context) => _key(request, context);

    public sealed override DecodeStatus TryDecodeRequest(ReadOnlySpan<byte> source, DecodeLimits limits, out IXtmpMessage? request, out int consumed, out DecodeError error)
    {
        var status = TRequest.TryDecode(source, limits, out var value, out consumed, out error);
        request = value;
        return status;
    }
}
