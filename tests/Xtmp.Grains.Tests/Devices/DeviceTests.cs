using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Devices;

/// <summary>Devices: whose they are, that they hold their key in this session, and what waits for them.</summary>
public sealed class DeviceTests : IAsyncDisposable
{
    private const string Device = "door-1";

    private readonly GrainsFixture _silo = new(new GrainOptions { OpeningBalance = 1_000, MaxDeviceEnvelopes = 3 });
    private readonly TestWallet _owner = new(1);
    private readonly TestWallet _stranger = new(2);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private DeviceClient Devices => new(_silo.Silo);

    private byte[] PublicKey
    {
        get
        {
            var point = _key.ExportParameters(includePrivateParameters: false).Q;
            return [(byte)(2 + (point.Y![31] & 1)), .. point.X!];
        }
    }

    public ValueTask DisposeAsync()
    {
        _key.Dispose();
        return _silo.DisposeAsync();
    }

    [Fact]
    public async Task a_device_is_its_owners_and_shows_its_key_by_a_signature_or_without_one()
    {
        await RegisterAsync(_owner);
        Assert.Equal(DeviceState.Registered, (await StatusAsync()).State);

        foreach (var proof in new[] { Challenge(_owner), Proof(_owner) })
        {
            var reply = await Devices.AuthenticateAsync(new DeviceAuthenticate { DeviceId = Device, Proof = proof }, _owner.Context);
            Assert.Equal(_silo.Time.GetUtcNow() + _silo.Options.DeviceAuthenticationTime, reply.ExpiresAt);
            var status = await StatusAsync();
            Assert.Equal((DeviceState.Authenticated, _silo.Time.GetUtcNow()), (status.State, status.LastSeen));
            _silo.Time.Advance(_silo.Options.DeviceAuthenticationTime);
            Assert.Equal(DeviceState.Expired, (await StatusAsync()).State);
        }

        Assert.True((await RegisterAsync(_owner)).Existing);
        await RefusedAsync(XtmpErrorCode.Conflict, Devices.RegisterAsync(Registration(_stranger), _stranger.Context), "device_id");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Devices.RegisterAsync(Registration(_owner), _stranger.Context), "owner");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, Devices.StatusAsync(new DeviceStatus { DeviceId = Device }, _stranger.Context), "device_id");
        await RefusedAsync(XtmpErrorCode.NotFound, Devices.StatusAsync(new DeviceStatus { DeviceId = "door-2" }, _owner.Context), "device_id");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, Devices.RegisterAsync(Registration(_owner) with { PublicKey = new byte[33] }, _owner.Context), "public_key");
    }

    [Fact]
    public async Task a_proof_counts_in_its_session_and_for_its_device_only()
    {
        await RegisterAsync(_owner);
        foreach (var proof in new[] { Challenge(_stranger), Proof(_stranger), Proof(_owner, "door-2") })
        {
            await RefusedAsync(XtmpErrorCode.SignatureInvalid, Devices.AuthenticateAsync(new DeviceAuthenticate { DeviceId = Device, Proof = proof }, _owner.Context), "proof");
        }

        var good = (DeviceProof.SchnorrArm)Proof(_owner);
        foreach (var at in new[] { 0, 1, 32 })
        {
            var commitment = good.Value.Commitment.ToArray();
            commitment[at] ^= 1;
            await RefusedAsync(XtmpErrorCode.SignatureInvalid, Devices.AuthenticateAsync(new DeviceAuthenticate { DeviceId = Device, Proof = good.Value with { Commitment = commitment } }, _owner.Context), "proof");
        }

        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, Devices.AuthenticateAsync(new DeviceAuthenticate { DeviceId = Device, Proof = good.Value }));
        var status = await StatusAsync();
        Assert.Equal((DeviceState.Registered, 6U), (status.State, status.FailedAttempts));
    }

    [Fact]
    public async Task envelopes_wait_for_a_device_across_a_restart_and_the_oldest_make_room()
    {
        Assert.Null((await PostAsync(1)).Number);
        await RegisterAsync(_owner);
        for (byte content = 1; content <= 5; content++)
        {
            Assert.Equal(content, (await PostAsync(content)).Number);
        }

        _silo.Restart();
        Assert.Equal(3U, (await StatusAsync()).Waiting);
        Assert.Equal([3, 4, 5], await FollowAsync(after: 0, count: 3));

        // What the device has it is not sent again; what comes while it follows comes at once.
        await using var follow = Devices.FollowAsync(new DeviceFollow { DeviceId = Device, After = 4 }, _owner.Context).GetAsyncEnumerator();
        Assert.True(await follow.MoveNextAsync());
        Assert.Equal(5UL, follow.Current.Number);
        await PostAsync(6);
        Assert.True(await follow.MoveNextAsync());
        Assert.Equal((6UL, (byte)6), (follow.Current.Number, follow.Current.Content.Span[0]));
        Assert.Equal(2U, (await StatusAsync()).Waiting);
        await Assert.ThrowsAsync<XtmpException>(async () => await Devices.FollowAsync(new DeviceFollow { DeviceId = Device }, _stranger.Context).GetAsyncEnumerator().MoveNextAsync());
    }

    private async Task<DeviceRegisterReply> RegisterAsync(TestWallet owner) => await Devices.RegisterAsync(Registration(owner), owner.Context);

    private DeviceRegister Registration(TestWallet owner) => new()
    {
        DeviceId = Device,
        Owner = owner.Id,
        Kind = DeviceKind.Actuator,
        PublicKey = PublicKey,
        Capabilities = DeviceCapabilities.Actuate | DeviceCapabilities.SecureElement,
        Protocols = [IotProtocol.Xtmp],
        Label = "front door",
    };

    private ValueTask<DeviceStatusReply> StatusAsync() => Devices.StatusAsync(new DeviceStatus { DeviceId = Device }, _owner.Context);

    private ValueTask<DevicePostReply> PostAsync(byte content) => Devices.PostAsync(new DevicePost { DeviceId = Device, Source = "grain:Test/1", Content = new[] { content } });

    private async Task<List<int>> FollowAsync(ulong after, int count)
    {
        var numbers = new List<int>();
        await foreach (var envelope in Devices.FollowAsync(new DeviceFollow { DeviceId = Device, After = after }, _owner.Context))
        {
            numbers.Add(envelope.Content.Span[0]);
            if (numbers.Count == count)
            {
                break;
            }
        }

        return numbers;
    }

    /// <summary>The device's signature in a wallet's session.</summary>
    private DeviceProof Challenge(TestWallet session) => new ChallengeSignature { Signature = _key.SignData(session.Caller.WalletBinding.Span, HashAlgorithmName.SHA256) };

    private DeviceProof Proof(TestWallet session, string device = Device)
    {
        var secret = new BigInteger(_key.ExportParameters(includePrivateParameters: true).D, isUnsigned: true, isBigEndian: true);
        var (commitment, response) = Schnorr.Prove(P256Group.Instance, secret, P256Group.Instance.HashToScalar([7]), Encoding.ASCII.GetBytes(device), session.Caller.WalletBinding.Span);
        return new SchnorrProof { Commitment = commitment, Response = response };
    }
}
