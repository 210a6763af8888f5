using Xtmp.Protocol;
using Xtmp.Runtime.Wire;

namespace Xtmp.Runtime;

/// <summary>A call on its way to a grain: the objects themselves within a silo, the XTMP encoding of the request between silos.</summary>
internal sealed class XtmpCall
{
    private readonly byte[]? _payload;
    private IXtmpMessage? _request;

    public XtmpCall(MethodDescriptor method, IXtmpMessage request, CallerInfo? caller, CallChain? chain)
    {
        Method = method;
        MethodName = method.Name;
        _request = request;
        Caller = caller;
        Chain = chain;
    }

    private XtmpCall(RemoteCall call)
    {
        MethodName = call.Method;
        _payload = call.Request.ToArray();
        Caller = call.Caller is { } caller ? FromWire(caller) : null;
        IsDelivery = call.Delivery;
        foreach (var grain in call.Chain.Reverse())
        {
            Chain = new CallChain(new(grain.Kind, grain.Key), Chain);
        }
    }

    public string MethodName { get; }

    /// <summary>Known where the call has not left the process.</summary>
    public MethodDescriptor? Method { get; }

    /// <summary>
    /// True where the call may be carried out again although it has been already. A wallet's authentication may within its
    /// session, and within the silo it stays in its session.
    /// </summary>
    public bool IsRepeatable => Method is { Request.Idempotent: true } or { AuthenticatesWallet: true };

    public CallerInfo? Caller { get; }

    /// <summary>The grains that wait for this call.</summary>
    public CallChain? Chain { get; }

    /// <summary>A message of an outbox: what it carries has left its sender, and must find room.</summary>
    public bool IsDelivery { get; init; }

    /// <summary>The turn that carries it out, once one does; a caller that gives up tells it.</summary>
    public Turn? Turn { get; set; }

    /// <summary>With a stream: what goes on until it is open.</summary>
    public StreamOpening? Opening { get; init; }

    /// <summary>The request; decoded at the first look where it came from another silo.</summary>
    public IXtmpMessage Request(MethodDescriptor method)
    {
        if (_request is null)
        {
            var status = method.TryDecodeRequest(_payload, StoredLimits.Value, out _request, out _, out var error);
            if (status != DecodeStatus.Ok)
            {
                throw new XtmpException(XtmpErrorCode.PayloadMalformed, Fault.Local, $"The request of {method} from another silo cannot be read: {error}.", error.Field);
            }
        }

        return _request!;
    }

    public static XtmpCall FromBytes(byte[] bytes) => new(XtmpCodec.Decode<RemoteCall>(bytes, StoredLimits.Value));

    public byte[] ToBytes()
    {
        var chain = new List<RemoteGrain>();
        for (var at = Chain; at is not null; at = at.Next)
        {
            chain.Add(new RemoteGrain { Kind = at.Grain.Kind, Key = at.Grain.Key });
        }

        return new RemoteCall
        {
            Method = MethodName,
            Request = _payload ?? _request!.ToBytes(),
            Caller = Caller is null ? null : ToWire(Caller),
            Chain = [.. chain],
            Delivery = IsDelivery,
        }.ToBytes();
    }

    private static RemoteCaller ToWire(CallerInfo caller) => new()
    {
        SessionId = caller.SessionId,
        PeerAddress = caller.PeerAddress,
        Identity = Present(caller.IdentityFingerprint),
        WalletBinding = Present(caller.WalletBinding),
        Wallet = Present(caller.Wallet),
        Roles = (byte)caller.Roles,
    };

    private static CallerInfo FromWire(RemoteCaller caller) => new()
    {
        SessionId = caller.SessionId,
        PeerAddress = caller.PeerAddress,
        IdentityFingerprint = caller.Identity ?? default,
        WalletBinding = caller.WalletBinding ?? default,
        Wallet = caller.Wallet ?? default,
        Roles = (CallerRoles)caller.Roles,
    };

    private static ReadOnlyMemory<byte>? Present(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? default(ReadOnlyMemory<byte>?) : bytes;
}
