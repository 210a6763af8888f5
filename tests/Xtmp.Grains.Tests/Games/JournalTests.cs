using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>A player's journal on the disk, and what a table does without one.</summary>
public sealed class JournalTests : IDisposable
{
    private static readonly byte[] Game = [.. Enumerable.Repeat((byte)7, 16)];

    private readonly string _directory = Directory.CreateTempSubdirectory("xtmp-journal-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "game.journal");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void what_was_written_is_there_again_and_replaced_in_one_step()
    {
        using (var journal = new GameJournal(Path, Game))
        {
            Assert.Empty(journal.Records);
            journal.Append(Intent(1));
            journal.Append(Intent(2));
        }

        using (var journal = new GameJournal(Path, Game))
        {
            Assert.Equal([1, 2], Heights(journal));
            journal.Rewrite([Intent(2)]);
            journal.Append(Intent(3));
        }

        using var again = new GameJournal(Path, Game);
        Assert.Equal([2, 3], Heights(again));
        Assert.False(File.Exists(Path + ".new"));
    }

    [Fact]
    public void what_a_crash_cut_short_is_left_out_wherever_it_was_cut()
    {
        Fill(3);
        var whole = File.ReadAllBytes(Path);
        Fill(2);
        var two = File.ReadAllBytes(Path).Length;
        for (var length = two; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..length]);
            using (var journal = new GameJournal(Path, Game))
            {
                Assert.Equal([1, 2], Heights(journal));
                journal.Append(Intent(9));
            }

            using var again = new GameJournal(Path, Game);
            Assert.Equal([1, 2, 9], Heights(again));
        }

        // The size was durable before what was in there.
        File.WriteAllBytes(Path, [.. whole[..two], .. new byte[whole.Length - two]]);
        using var zeros = new GameJournal(Path, Game);
        Assert.Equal([1, 2], Heights(zeros));
    }

    [Fact]
    public void a_changed_byte_before_the_last_record_is_refused_with_its_place()
    {
        Fill(1);
        var first = File.ReadAllBytes(Path).Length;
        Fill(2);
        var good = File.ReadAllBytes(Path);
        for (var at = 0; at < first; at++)
        {
            var bad = good.ToArray();
            bad[at] ^= 0x40;
            File.WriteAllBytes(Path, bad);
            var error = Assert.Throws<XtmpException>(() => new GameJournal(Path, Game));
            Assert.Equal(Fault.Local, error.Fault);
            Assert.True(error.Code is XtmpErrorCode.PayloadMalformed ? error.Message.Contains("offset ", StringComparison.Ordinal) : error.Code is XtmpErrorCode.Conflict, $"byte {at}: {error.Code} {error.Message}");

            // It stays as it is, for whoever looks into it.
            Assert.Equal(bad, File.ReadAllBytes(Path));
        }
    }

    [Fact]
    public void a_journal_is_of_one_game_and_one_process()
    {
        using (var journal = new GameJournal(Path, Game))
        {
            journal.Append(Intent(1));
            Assert.Equal(XtmpErrorCode.Conflict, Assert.Throws<XtmpException>(() => new GameJournal(Path, Game)).Code);
        }

        var error = Assert.Throws<XtmpException>(() => new GameJournal(Path, new byte[16]));
        Assert.Equal(XtmpErrorCode.Conflict, error.Code);
        Assert.Contains(Convert.ToHexStringLower(Game), error.Message, StringComparison.Ordinal);
        using var again = new GameJournal(Path, Game);
        Assert.Equal([1], Heights(again));
    }

    [Fact]
    public void a_place_that_cannot_be_written_and_a_file_that_is_too_long_are_named()
    {
        var nowhere = System.IO.Path.Combine(_directory, "none", "game.journal");
        var error = Assert.Throws<XtmpException>(() => new GameJournal(nowhere, Game));
        Assert.Equal(XtmpErrorCode.StorageUnavailable, error.Code);
        Assert.Contains(nowhere, error.Message, StringComparison.Ordinal);
        using (var file = new FileStream(Path, FileMode.Create))
        {
            file.SetLength(GameJournal.MaxBytes + 1);
        }

        Assert.Equal(XtmpErrorCode.PayloadMalformed, Assert.Throws<XtmpException>(() => new GameJournal(Path, Game)).Code);
    }

    [Fact]
    public async Task whoever_waits_for_a_table_that_cannot_go_on_is_told_why()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var table = Table(new BrokenSilo());
        var error = await Assert.ThrowsAsync<XtmpException>(() => table.WaitForAsync(static _ => false, patience.Token));
        Assert.Equal((XtmpErrorCode.Internal, Fault.Local), (error.Code, error.Fault));
        Assert.Equal("broken", error.InnerException?.Message);
        await Assert.ThrowsAsync<XtmpException>(() => table.BetAsync(CrapsBet.Field, 1, cancellationToken: patience.Token));
        await Assert.ThrowsAsync<XtmpException>(async () =>
        {
            await foreach (var roll in table.Rolls.WithCancellation(patience.Token))
            {
                Assert.Fail($"a roll: {roll}");
            }
        });
    }

    [Fact]
    public async Task whoever_waits_for_a_table_that_is_given_up_is_told_so()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var table = Table(new BrokenSilo { Error = new XtmpException(XtmpErrorCode.ConnectionLost, Fault.Network, "gone") });
        var waits = table.WaitForAsync(static _ => false, patience.Token);
        Assert.False(waits.IsCompleted);
        await table.DisposeAsync();
        await table.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waits);
        await foreach (var roll in table.Rolls.WithCancellation(patience.Token))
        {
            Assert.Fail($"a roll: {roll}");
        }
    }

    private static GameTable Table(BrokenSilo silo)
    {
        var keys = Enumerable.Range(0, 2).Select(number => Ed25519PrivateKey.FromSeed([.. Enumerable.Repeat((byte)(number + 1), 32)])).ToArray();
        var secrets = keys.Select((key, number) => PeerSecrets.Of(key, Enumerable.Repeat((byte)(number + 100), 32).ToArray())).ToArray();
        var genesis = TableState.Open(
            Game,
            CrapsTable.Kind,
            [.. secrets.Select((secret, number) =>
            {
                var publicKey = new byte[Ed25519.PublicKeySize];
                keys[number].WritePublicKey(publicKey);
                return new Seat { Number = (byte)number, Peer = secret.PeerId, Ed25519Key = publicKey, DealKey = secret.DealKey };
            })],
            [1_000, 1_000],
            10_000,
            DateTimeOffset.UnixEpoch.AddYears(55));
        return new GameTable(new GameClient(silo), secrets[0], genesis, null, TimeProvider.System);
    }

    private void Fill(int records)
    {
        File.Delete(Path);
        using var journal = new GameJournal(Path, Game);
        for (var height = 1; height <= records; height++)
        {
            journal.Append(Intent((ulong)height));
        }
    }

    private static JournalRecord Intent(ulong height) =>
        new JournalIntent { Epoch = 1, Height = height, Round = 2, Kind = VoteKind.Prevote, ValueId = Enumerable.Repeat((byte)height, 32).ToArray(), Value = null, ProofOfLockRound = null, LockProof = null };

    private static IEnumerable<int> Heights(GameJournal journal) => journal.Records.Select(record => (int)((JournalRecord.IntentArm)record).Value.Height);

    private sealed class BrokenSilo : ICallInvoker
    {
        public Exception Error { get; init; } = new InvalidDataException("broken");

        public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply> => throw Error;

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest> => throw Error;

        public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem> => throw Error;
    }
}
