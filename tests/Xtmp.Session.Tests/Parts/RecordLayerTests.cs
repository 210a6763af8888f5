using Xtmp.Protocol;

namespace Xtmp.Session.Tests.Parts;

public sealed class RecordLayerTests : IDisposable
{
    private const ulong SessionId = 77;
    private readonly RecordLayer _client = New(first: 1, second: 2);
    private readonly RecordLayer _server = New(first: 2, second: 1);

    [Fact]
    public void opens_what_the_other_end_sealed_in_order()
    {
        for (byte i = 0; i < 5; i++)
        {
            var (close, plaintext) = Open(_server, Seal(_client, i));
            Assert.Null(close);
            Assert.Equal([i], plaintext);
        }
    }

    [Fact]
    public void names_the_expected_and_the_received_sequence()
    {
        Seal(_client, 1);
        var late = Seal(_client, 2);
        var close = Open(_server, late).Close!;
        Assert.Equal((SessionCloseReason.SequenceMismatch, XtmpErrorCode.SequenceMismatch), (close.Reason, close.Code));
        Assert.Equal("Expected sequence 0, received 1.", close.Text);
    }

    [Fact]
    public void each_direction_goes_over_to_the_next_epoch_on_its_own()
    {
        _client.Renew(Keys(3, 2), Keys(4, 2));
        _server.Renew(Keys(4, 2), Keys(3, 2));
        Assert.True(_server.AwaitsNewEpoch);
        Assert.Null(Open(_server, Seal(_client, 1)).Close);
        Assert.True(_server.AwaitsNewEpoch);
        _client.SwitchSend();
        Assert.Null(Open(_server, Seal(_client, 2)).Close);
        Assert.False(_server.AwaitsNewEpoch);
        Assert.Equal((2u, 1u), (_client.Epoch, _server.Epoch));
        Assert.Null(Open(_client, Seal(_server, 3)).Close);
    }

    [Fact]
    public void rejects_the_old_key_after_the_first_record_of_the_new_epoch()
    {
        using var forger = New(first: 1, second: 2);
        _client.Renew(Keys(3, 2), Keys(4, 2));
        _server.Renew(Keys(4, 2), Keys(3, 2));
        _client.SwitchSend();
        Assert.Null(Open(_server, Seal(_client, 1)).Close);
        Assert.Equal(SessionCloseReason.KeyIdMismatch, Open(_server, Seal(forger, 2)).Close!.Reason);
    }

    [Fact]
    public void a_changed_bit_anywhere_is_refused()
    {
        var record = Seal(_client, 9);
        for (var at = 0; at < record.Length; at++)
        {
            if (at is >= FrameLayout.ChecksumOffset and < FrameLayout.ChecksumOffset + 4)
            {
                // Type 1 leaves the checksum to the tag, which does not cover it (SPEC §1).
                continue;
            }

            record[at] ^= 1;
            using var server = New(first: 2, second: 1);
            if (FrameHeader.TryRead(record, FrameLayout.MaxPayload, out var header) == FrameStatus.Ok && header.PayloadLength == 1)
            {
                Assert.NotNull(Open(server, record).Close);
            }

            record[at] ^= 1;
        }

        Assert.Null(Open(_server, record).Close);
    }

    [Fact]
    public void a_key_is_due_for_renewal_before_it_is_exhausted()
    {
        using var records = new RecordLayer(SessionId, Keys(1, 1), Keys(2, 1), SessionLimits.Default with { RekeyAfterBlocks = 4, MaxBlocksPerKey = 10 });
        Assert.False(records.IsRenewalDue);
        Seal(records, 1);
        Seal(records, 2);
        Assert.True(records.IsRenewalDue);
        Assert.Null(records.CheckSeal(16));
        Seal(records, 3);
        Seal(records, 4);
        var close = records.CheckSeal(16)!;
        Assert.Equal((SessionCloseReason.KeyExhausted, Fault.Local), (close.Reason, close.Fault));
        records.Renew(Keys(3, 2), Keys(4, 2));
        records.SwitchSend();
        Assert.False(records.IsRenewalDue);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private static RecordLayer New(byte first, byte second) => new(SessionId, Keys(first, 1), Keys(second, 1), SessionLimits.Default);

    private static TrafficKeys Keys(byte secret, uint epoch)
    {
        var bytes = new byte[KeyDerivation.SecretSize];
        bytes.AsSpan().Fill(secret);
        return new TrafficKeys(bytes, EncryptionType.Aes256Gcm, epoch);
    }

    private static byte[] Seal(RecordLayer records, byte payload)
    {
        var header = new FrameHeader { MessageType = 0x20 };
        var record = new byte[records.SealedLength(1)];
        Assert.Equal(record.Length, records.Seal(ref header, [payload], record));
        return record;
    }

    private static (SessionClose? Close, byte[] Plaintext) Open(RecordLayer records, byte[] record)
    {
        Assert.Equal(FrameStatus.Ok, FrameHeader.TryRead(record, FrameLayout.MaxPayload, out var header));
        if (records.Select(in header, out var refused) is not { } keys)
        {
            return (refused, []);
        }

        var plaintext = new byte[keys.PlaintextLength(in header)];
        return (records.Open(keys, in header, record, plaintext), plaintext);
    }
}
