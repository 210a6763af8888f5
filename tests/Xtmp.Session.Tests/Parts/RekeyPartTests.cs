using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests.Parts;

/// <summary>The renewal of secrets between two ends that share a master secret and nothing else.</summary>
public sealed class RekeyPartTests : IDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromHours(1);
    private readonly SessionSecrets _clientSecrets = Secrets();
    private readonly SessionSecrets _serverSecrets = Secrets();
    private readonly RecordLayer _clientRecords;
    private readonly RecordLayer _serverRecords;
    private readonly Rekey _client;
    private readonly Rekey _server;

    public RekeyPartTests()
    {
        _clientRecords = Records(PeerRole.Client, _clientSecrets);
        _serverRecords = Records(PeerRole.Server, _serverSecrets);
        _client = new(PeerRole.Client, SessionLimits.Default, new SeededEntropy(1), _clientSecrets, _clientRecords, s_start);
        _server = new(PeerRole.Server, SessionLimits.Default, new SeededEntropy(2), _serverSecrets, _serverRecords, s_start);
    }

    [Fact]
    public void both_ends_have_the_same_new_secrets()
    {
        var before = Psk(_clientSecrets);
        Renew(s_start + TimeSpan.FromHours(1));
        Assert.NotEqual(before, Psk(_clientSecrets));
        Assert.Equal(Psk(_clientSecrets), Psk(_serverSecrets));
        Assert.Equal((2u, 2u), (_client.Epoch, _server.Epoch));
        Assert.Equal((2u, 1u, true), (_clientRecords.Epoch, _serverRecords.Epoch, _serverRecords.AwaitsNewEpoch));
        var header = new FrameHeader { MessageType = FrameCode.Heartbeat };
        var record = new byte[_clientRecords.SealedLength(3)];
        _clientRecords.Seal(ref header, "new"u8, record);
        var keys = _serverRecords.Select(in header, out _)!;
        Assert.Null(_serverRecords.Open(keys, in header, record, new byte[keys.PlaintextLength(in header)]));
        Assert.False(_serverRecords.AwaitsNewEpoch);
        Assert.Equal(s_start + TimeSpan.FromHours(2), _client.NextTime(isDue: false));
    }

    [Fact]
    public void a_key_that_is_used_up_is_renewed_a_second_after_the_last_time()
    {
        Assert.Equal(s_start + TimeSpan.FromHours(1), _client.NextTime(isDue: false));
        Assert.Equal(s_start + TimeSpan.FromSeconds(1), _client.NextTime(isDue: true));
        _client.Request();
        Assert.Equal(s_start + TimeSpan.FromSeconds(1), _client.NextTime(isDue: false));
    }

    [Fact]
    public void a_server_asks_and_waits_30_seconds()
    {
        _server.Request();
        Assert.Null(_server.HandleTimeout(s_start + TimeSpan.FromSeconds(1), isDue: false, mayStart: true, out var code, out var message));
        Assert.Equal(FrameCode.RekeyRequest, code);
        Assert.Null(_client.HandleRequest(message));
        Assert.Equal(s_start + TimeSpan.FromSeconds(1), _client.NextTime(isDue: false));
        var close = _server.HandleTimeout(s_start + TimeSpan.FromSeconds(31), isDue: false, mayStart: true, out _, out _)!;
        Assert.Equal(SessionCloseReason.RekeyViolation, close.Reason);
    }

    [Fact]
    public void nothing_starts_in_a_session_that_is_closing()
    {
        Assert.Null(_client.HandleTimeout(s_start + TimeSpan.FromHours(2), isDue: true, mayStart: false, out var code, out _));
        Assert.Equal(0, code);
    }

    [Fact]
    public void rejects_a_rekey_that_is_early_or_on_top_of_another()
    {
        var message = Start(s_start + TimeSpan.FromHours(1));
        Assert.Equal(SessionCloseReason.RekeyViolation, _server.HandleRekey(message, s_start + TimeSpan.FromSeconds(0.8), out _)!.Reason);
        Assert.Null(_server.HandleRekey(message, s_start + TimeSpan.FromSeconds(0.95), out _));
        Assert.Equal(SessionCloseReason.RekeyViolation, _server.HandleRekey(message, s_start + TimeSpan.FromHours(1), out _)!.Reason);
    }

    [Fact]
    public void rejects_an_answer_nobody_asked_for_and_every_truncated_message()
    {
        var time = s_start + TimeSpan.FromHours(1);
        Assert.Equal(SessionCloseReason.RekeyViolation, _client.HandleAnswer([0x92], time)!.Reason);
        var message = Start(time);
        for (var length = 0; length < message.Length; length += 97)
        {
            Assert.Equal(SessionCloseReason.MalformedPayload, _server.HandleRekey(message.AsSpan(0, length), time, out _)!.Reason);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _clientRecords.Dispose();
        _serverRecords.Dispose();
        _clientSecrets.Dispose();
        _serverSecrets.Dispose();
    }

    private byte[] Start(TimeSpan time)
    {
        Assert.Null(_client.HandleTimeout(time, isDue: false, mayStart: true, out var code, out var message));
        Assert.Equal(FrameCode.Rekey, code);
        return message;
    }

    private void Renew(TimeSpan time)
    {
        Assert.Null(_server.HandleRekey(Start(time), time, out var answer));
        Assert.Null(_client.HandleAnswer(answer, time));
    }

    private static SessionSecrets Secrets()
    {
        using var handshake = new HandshakeSecrets(default);
        var secrets = new SessionSecrets();
        secrets.SetMaster(handshake, new byte[Transcript.HashSize]);
        secrets.Complete(new byte[Transcript.HashSize]);
        return secrets;
    }

    private static RecordLayer Records(PeerRole role, SessionSecrets secrets)
    {
        var (send, receive) = secrets.DeriveKeys(role, "c ap"u8, "s ap"u8, EncryptionType.Aes256Gcm, epoch: 1);
        return new(sessionId: 1, send, receive, SessionLimits.Default);
    }

    private static string Psk(SessionSecrets secrets)
    {
        var psk = new byte[KeyDerivation.SecretSize];
        secrets.DerivePsk("nonce"u8, psk);
        return Convert.ToHexString(psk);
    }
}
