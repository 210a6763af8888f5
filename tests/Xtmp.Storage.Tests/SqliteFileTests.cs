using System.Text;
using SQLitePCL;
using Xtmp.Protocol;

namespace Xtmp.Storage.Tests;

/// <summary>What becomes of a store whose file is damaged, taken, foreign or full.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private static readonly GrainId Grain = new("Probe", "a");

    private readonly TemporaryDirectory _directory = new();

    private string File => _directory.File("grains.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task keeps_everything_over_a_restart()
    {
        await using (var store = SqliteGrainStore.Open(File))
        {
            await store.CommitAsync(new GrainCommit
            {
                Id = Grain,
                ExpectedVersion = 0,
                State = [1, 2, 3],
                Entries = [EntryWrite.Put("k", new byte[] { 4 })],
                Outbox = [new OutboxRecord(new OutboxId(Grain, 1, 0), new GrainId("Probe", "b"), "Run", new byte[] { 5 })],
                Reminders = [new ReminderWrite("r", new ReminderRecord("r", DateTimeOffset.UnixEpoch.AddDays(1), null))],
            });
        }

        await using (var store = SqliteGrainStore.Open(File))
        {
            var record = await store.LoadAsync(Grain);
            Assert.Equal(1, record.Version);
            Assert.Equal(new byte[] { 1, 2, 3 }, record.State);
            Assert.Equal("r", Assert.Single(record.Reminders).Name);
            Assert.Equal(new byte[] { 4 }, await store.ReadEntryAsync(Grain, "k"));
            Assert.Single(await store.ReadOutboxAsync(null, 10));
        }
    }

    [Fact]
    public async Task refuses_a_second_silo_on_the_same_file()
    {
        await using (SqliteGrainStore.Open(File))
        {
            var error = Refused(() => SqliteGrainStore.Open(File));
            Assert.Contains("in use by another silo", error.Message, StringComparison.Ordinal);
        }

        await SqliteGrainStore.Open(File).DisposeAsync();
    }

    [Fact]
    public void refuses_a_file_that_is_no_database()
    {
        System.IO.File.WriteAllText(File, string.Join('\n', Enumerable.Repeat("this is not a database", 100)));
        Assert.Contains("not a SQLite database", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);

        // The refused open has released the file.
        Assert.Contains("not a SQLite database", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void refuses_a_database_of_another_program()
    {
        Execute(File, "CREATE TABLE somebody_elses (x)");
        Assert.Contains("of another program", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task refuses_a_layout_of_a_newer_build()
    {
        await SqliteGrainStore.Open(File).DisposeAsync();
        Execute(File, "PRAGMA user_version = 2");
        Assert.Contains("layout 2", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void refuses_a_directory_that_is_not_there() =>
        Assert.Contains("directory does not exist", Refused(() => SqliteGrainStore.Open(_directory.File("none/grains.db"))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task refuses_a_file_with_broken_pages()
    {
        await FillAsync(200);
        var bytes = System.IO.File.ReadAllBytes(File);
        new Random(5).NextBytes(bytes.AsSpan(4096, bytes.Length - 8192));
        System.IO.File.WriteAllBytes(File, bytes);
        Assert.Contains("damaged", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task refuses_a_truncated_file()
    {
        await FillAsync(200);
        using (var stream = System.IO.File.OpenWrite(File))
        {
            stream.SetLength(stream.Length / 2);
        }

        Assert.Contains("damaged", Refused(() => SqliteGrainStore.Open(File)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state-of-a")]
    [InlineData("entry-of-a")]
    public async Task a_flipped_bit_in_a_value_is_an_error_and_not_another_value(string value)
    {
        await using (var store = SqliteGrainStore.Open(File))
        {
            await store.CommitAsync(new GrainCommit
            {
                Id = Grain,
                ExpectedVersion = 0,
                State = "state-of-a"u8.ToArray(),
                Entries = [EntryWrite.Put("k", "entry-of-a"u8.ToArray())],
            });
            await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", "b"), ExpectedVersion = 0, State = [7] });
        }

        var bytes = System.IO.File.ReadAllBytes(File);
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(value));
        Assert.True(at > 0);
        bytes[at] ^= 1;
        System.IO.File.WriteAllBytes(File, bytes);

        await using (var store = SqliteGrainStore.Open(File))
        {
            var error = Refused(() =>
            {
                _ = value[0] == 's' ? (object)store.LoadAsync(Grain) : store.ReadEntryAsync(Grain, "k");
            });
            Assert.Contains("does not match its checksum", error.Message, StringComparison.Ordinal);
            Assert.Equal(new byte[] { 7 }, (await store.LoadAsync(new GrainId("Probe", "b"))).State);
        }
    }

    [Fact]
    public async Task a_disk_with_little_left_is_kept_for_what_settles()
    {
        await using var store = SqliteGrainStore.Open(File, new SqliteGrainStoreOptions { MinFreeDiskBytes = long.MaxValue });
        var full = await Assert.ThrowsAsync<XtmpException>(async () => await store.CommitAsync(new GrainCommit { Id = Grain, ExpectedVersion = 0, State = [1] }));
        Assert.Equal(XtmpErrorCode.StorageFull, full.Code);
        Assert.Contains("disk", full.Message, StringComparison.Ordinal);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(new GrainCommit { Id = Grain, ExpectedVersion = 0, State = [1], Settles = true }));
    }

    /// <summary>Without a reserve, what settles has no more room than the rest.</summary>
    [Fact]
    public async Task a_full_file_refuses_and_keeps_what_it_has()
    {
        const int MaxBytes = 256 * 1024;
        await using var store = SqliteGrainStore.Open(File, new SqliteGrainStoreOptions { Limits = new StoreLimits { MaxBytes = MaxBytes, ReservedBytes = 0 } });
        var stored = 0;
        XtmpException? full = null;
        while (full is null && stored < 100)
        {
            try
            {
                await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", $"g{stored}"), ExpectedVersion = 0, State = new byte[20_000], Settles = true });
                stored++;
            }
            catch (XtmpException error)
            {
                full = error;
            }
        }

        Assert.NotNull(full);
        Assert.Equal(XtmpErrorCode.StorageFull, full.Code);
        Assert.True(full.Retryable);
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.InRange(stored, 5, 14);
        Assert.Equal(0, await store.ReadVersionAsync(new GrainId("Probe", $"g{stored}")));
        for (var i = 0; i < stored; i++)
        {
            Assert.Equal(20_000, (await store.LoadAsync(new GrainId("Probe", $"g{i}"))).State!.Length);
        }

        // What needs no more room still works.
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", "g0"), ExpectedVersion = 1, Forget = true }));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", "g1"), ExpectedVersion = 1, State = [1] }));
    }

    [Fact]
    public async Task a_full_store_counts_its_refusals_and_shows_its_size_and_limit()
    {
        const long MaxBytes = 192 * 1024;
        var refusals = 0L;
        var gauges = new System.Collections.Concurrent.ConcurrentBag<(string Name, long Value)>();
        using var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Xtmp.Storage")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (instrument.Name == "xtmp.storage.refusals")
            {
                Interlocked.Add(ref refusals, value);
            }
            else
            {
                gauges.Add((instrument.Name, value));
            }
        });
        listener.Start();
        await using var store = SqliteGrainStore.Open(File, new SqliteGrainStoreOptions { Limits = new StoreLimits { MaxBytes = MaxBytes, ReservedBytes = 0 } });
        await store.CommitAsync(new GrainCommit { Id = Grain, ExpectedVersion = 0, State = [1] });
        var before = Interlocked.Read(ref refusals);
        await Assert.ThrowsAsync<XtmpException>(async () => await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", "b"), ExpectedVersion = 0, State = new byte[MaxBytes] }));
        Assert.True(Interlocked.Read(ref refusals) > before);
        listener.RecordObservableInstruments();
        Assert.Contains(("xtmp.storage.size.limit", MaxBytes), gauges);
        Assert.Contains(gauges, gauge => gauge is { Name: "xtmp.storage.size", Value: > 0 and <= MaxBytes });
    }

    [Fact]
    public async Task a_full_queue_refuses()
    {
        await using var store = SqliteGrainStore.Open(File, new SqliteGrainStoreOptions { MaxQueuedCommits = 4, MaxCommitsPerTransaction = 1 });
        var commits = new List<Task<CommitOutcome>>();
        XtmpException? refused = null;
        for (var i = 0; i < 10_000 && refused is null; i++)
        {
            try
            {
                commits.Add(store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", $"g{i}"), ExpectedVersion = 0, State = [1] }).AsTask());
            }
            catch (XtmpException error)
            {
                refused = error;
            }
        }

        Assert.Equal(XtmpErrorCode.Overloaded, refused?.Code);
        Assert.All(await Task.WhenAll(commits), outcome => Assert.Equal(CommitOutcome.Committed, outcome));
    }

    [Fact]
    public async Task a_closed_store_finishes_what_was_given_to_it_and_refuses_the_rest()
    {
        var store = SqliteGrainStore.Open(File);
        var commits = Enumerable.Range(0, 100)
            .Select(i => store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", $"g{i}"), ExpectedVersion = 0, State = [1] }).AsTask())
            .ToArray();
        await store.DisposeAsync();
        Assert.All(await Task.WhenAll(commits), outcome => Assert.Equal(CommitOutcome.Committed, outcome));
        Assert.Contains("closed", Refused(() => store.CommitAsync(new GrainCommit { Id = Grain, ExpectedVersion = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("closed", Refused(() => store.LoadAsync(Grain)).Message, StringComparison.Ordinal);

        await using var again = SqliteGrainStore.Open(File);
        Assert.Equal(1, await again.ReadVersionAsync(new GrainId("Probe", "g99")));
    }

    [Fact]
    public async Task removed_outbox_messages_are_gone_after_a_restart()
    {
        var store = SqliteGrainStore.Open(File);
        var id = new OutboxId(Grain, 1, 0);
        await store.CommitAsync(new GrainCommit { Id = Grain, ExpectedVersion = 0, Outbox = [new OutboxRecord(id, Grain, "Run", default)] });
        await store.RemoveOutboxAsync(id);
        await store.DisposeAsync();
        await using var again = SqliteGrainStore.Open(File);
        Assert.False(await again.ContainsOutboxAsync(id));
    }

    private static XtmpException Refused(Action action)
    {
        var error = Assert.Throws<XtmpException>(action);
        Assert.Equal(XtmpErrorCode.StorageUnavailable, error.Code);
        Assert.Equal(Fault.Local, error.Fault);
        return error;
    }

    private static void Execute(string file, string sql)
    {
        Batteries_V2.Init();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(file, out var database));
        using (database)
        {
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(database, sql));
        }
    }

    private async Task FillAsync(int grains)
    {
        await using var store = SqliteGrainStore.Open(File);
        for (var i = 0; i < grains; i++)
        {
            await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", $"g{i}"), ExpectedVersion = 0, State = new byte[500] });
        }
    }
}
