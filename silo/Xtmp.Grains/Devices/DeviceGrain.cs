using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using BitChat.Peer;
using Orleans.Placement;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A device: its owner, its P-256 key, when it was last seen, and what waits for it. A ZKLock device and a player's device are
/// the same to it.
/// </summary>
[PreferLocalPlacement]
public sealed class DeviceGrain : XtmpGrain<DeviceRecord>, IDeviceHandler
{
    private readonly GrainOptions _options;

    // A refused turn changes nothing that is durable, so failures are counted where they are forgotten with the activation.
    private uint _failures;

    public DeviceGrain(GrainOptions options)
    {
        _options = options;
    }

    private string Topic => "device:" + Context.Key;

    public ValueTask<DeviceRegisterReply> RegisterAsync(DeviceRegister request, CallContext context = default)
    {
        if (!context.RequireCaller().Wallet.Span.SequenceEqual(request.Owner.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session speaks for another wallet.", "owner");
        }

        if (State is { } other && !other.Owner.Span.SequenceEqual(request.Owner.Span))
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The device is another wallet's.", "device_id");
        }

        if (P256Group.Instance.Decode(request.PublicKey.Span) is null)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The key is no point of P-256.", "public_key");
        }

        var existing = State;
        State = new DeviceRecord
        {
            Owner = request.Owner,
            Kind = (byte)request.Kind,
            PublicKey = request.PublicKey,
            Capabilities = (uint)request.Capabilities,
            Protocols = [.. request.Protocols.Select(protocol => (byte)protocol)],
            Label = request.Label,
            RegisteredAt = existing?.RegisteredAt ?? Context.Now,

            // Another key has to prove itself anew.
            LastSeen = existing is not null && existing.PublicKey.Span.SequenceEqual(request.PublicKey.Span) ? existing.LastSeen : null,
            First = existing?.First ?? 1,
            Next = existing?.Next ?? 1,
        };
        return new(new DeviceRegisterReply { DeviceId = request.DeviceId, RegisteredAt = State.RegisteredAt, Existing = existing is not null });
    }

    public ValueTask<DeviceAuthenticateReply> AuthenticateAsync(DeviceAuthenticate request, CallContext context = default)
    {
        var device = RequireState();
        if (context.Caller is not { WalletBinding: { Length: 32 } binding })
        {
            throw Refusal.Of(XtmpErrorCode.AuthenticationRequired, "A device authenticates inside a session, through a gateway.");
        }

        if (!Holds(device, request, binding.Span))
        {
            _failures++;
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "The proof is not this device's in this session.", "proof");
        }

        _failures = 0;
        State = device with { LastSeen = Context.Now };
        return new(new DeviceAuthenticateReply { DeviceId = request.DeviceId, AuthenticatedAt = Context.Now, ExpiresAt = Context.Now + _options.DeviceAuthenticationTime });
    }

    public ValueTask<DeviceStatusReply> StatusAsync(DeviceStatus request, CallContext context = default)
    {
        var device = Owned(context);
        return new(new DeviceStatusReply
        {
            DeviceId = request.DeviceId,
            State = device.LastSeen is not { } seen ? DeviceState.Registered : Context.Now - seen < _options.DeviceAuthenticationTime ? DeviceState.Authenticated : DeviceState.Expired,
            Kind = (DeviceKind)device.Kind,
            Capabilities = (DeviceCapabilities)device.Capabilities,
            LastSeen = device.LastSeen,
            FailedAttempts = _failures,
            Waiting = (uint)(device.Next - device.First),
        });
    }

    public IAsyncEnumerable<DeviceEnvelope> FollowAsync(DeviceFollow request, CallContext context = default)
    {
        Owned(context);
        var live = Context.Subscribe<DeviceEnvelope>(Topic);
        return Context.OpenStream(async () =>
        {
            var device = Forget(request.After);
            var waiting = new List<DeviceEnvelope>();
            for (var number = device.First; number < device.Next; number++)
            {
                waiting.Add(await Context.Entries.ReadAsync<DeviceEnvelope>(KeyOf(number)).ConfigureAwait(true) ?? throw new InvalidOperationException("An envelope that waits is not there."));
            }

            return Stream(waiting, live, context.CancellationToken);
        });
    }

    public ValueTask<DevicePostReply> PostAsync(DevicePost request, CallContext context = default)
    {
        // Only grains can: the gateway takes no local message.
        if (State is not { } device)
        {
            return new(new DevicePostReply { Number = null });
        }

        if (device.Next - device.First >= (ulong)_options.MaxDeviceEnvelopes)
        {
            device = Forget(device.First);
        }

        var envelope = new DeviceEnvelope { Number = device.Next, PostedAt = Context.Now, Source = request.Source, Content = request.Content };
        Context.Entries.Put(KeyOf(envelope.Number), envelope);
        State = device with { Next = device.Next + 1 };
        Context.Publish(Topic, envelope);
        return new(new DevicePostReply { Number = envelope.Number });
    }

    private static async IAsyncEnumerable<DeviceEnvelope> Stream(List<DeviceEnvelope> waiting, IAsyncEnumerable<TopicEvent<DeviceEnvelope>> live, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = 0UL;
        foreach (var envelope in waiting)
        {
            last = envelope.Number;
            yield return envelope;
        }

        await foreach (var (item, _) in live.WithCancellation(cancellationToken).ConfigureAwait(true))
        {
            // The subscription began before what waits was read; what a slow follower misses still waits.
            if (item is not null && item.Number > last)
            {
                last = item.Number;
                yield return item;
            }
        }
    }

    private static bool Holds(DeviceRecord device, DeviceAuthenticate request, ReadOnlySpan<byte> binding) => request.Proof switch
    {
        DeviceProof.SchnorrArm { Value: var proof } =>
            Schnorr.Verify(P256Group.Instance, device.PublicKey.Span, proof.Commitment.Span, proof.Response.Span, Encoding.ASCII.GetBytes(request.DeviceId), binding),
        DeviceProof.ChallengeArm { Value: var challenge } => P256Signature.Verify(device.PublicKey.Span, binding, challenge.Signature.Span),
        _ => false,
    };

    private static string KeyOf(ulong number) => string.Create(CultureInfo.InvariantCulture, $"envelope/{number:d20}");

    private DeviceRecord RequireState() => State ?? throw Refusal.Of(XtmpErrorCode.NotFound, "No such device is registered here.", "device_id");

    private DeviceRecord Owned(CallContext context)
    {
        var device = RequireState();
        return context.RequireCaller().Wallet.Span.SequenceEqual(device.Owner.Span)
            ? device
            : throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The device is another wallet's.", "device_id");
    }

    /// <summary>Drops envelopes up to a number.</summary>
    private DeviceRecord Forget(ulong upTo)
    {
        var device = State!;
        while (device.First <= upTo && device.First < device.Next)
        {
            Context.Entries.Remove(KeyOf(device.First));
            device = device with { First = device.First + 1 };
        }

        if (device != State)
        {
            State = device;
        }

        return device;
    }
}
