using Npgsql;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Xtmp.Storage.Tests;

public sealed class PostgresStoreTests(PostgresServer server) : GrainStoreConformance
{
    protected override async ValueTask<IGrainStore> OpenAsync(StoreLimits? limits = null)
    {
        var database = await server.NewDatabaseAsync();
        if (limits is null)
        {
            return await PostgresGrainStore.OpenAsync(database);
        }

        // An empty database takes some megabytes.
        await (await PostgresGrainStore.OpenAsync(database)).DisposeAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var size = source.CreateCommand("SELECT pg_database_size(current_database())");
        var empty = (long)(await size.ExecuteScalarAsync())!;
        return await PostgresGrainStore.OpenAsync(database, new PostgresGrainStoreOptions { Limits = limits with { MaxBytes = empty + limits.MaxBytes } });
    }
}

/// <summary>What a store does that other processes write to, and whose server may go.</summary>
public sealed class PostgresSharingTests(PostgresServer server)
{
    private static GrainId Id(string key) => new("Probe", key);

    [Fact]
    public async Task of_two_processes_that_write_one_version_one_wins_and_both_see_it()
    {
        var database = await server.NewDatabaseAsync();
        await using var first = await PostgresGrainStore.OpenAsync(database);
        await using var second = await PostgresGrainStore.OpenAsync(database);
        for (var version = 0; version < 50; version++)
        {
            // Grains in opposite orders, so that transactions of the two meet.
            var outcomes = await Task.WhenAll(new[] { first, second }.SelectMany((store, writer) =>
                Enumerable.Range(0, 40).Select(grain => CommitAsync(store, $"g{(writer == 0 ? grain : 39 - grain)}", version, (byte)writer))));
            Assert.Equal(40, outcomes.Count(outcome => outcome == CommitOutcome.Committed));
        }

        for (var grain = 0; grain < 40; grain++)
        {
            var record = await first.LoadAsync(Id($"g{grain}"));
            Assert.Equal(50, record.Version);
            Assert.Equal(record.State, (await second.LoadAsync(Id($"g{grain}"))).State);
        }
    }

    [Fact]
    public async Task a_loser_in_a_batch_is_reported_alone()
    {
        await using var store = await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync(), new PostgresGrainStoreOptions { Writers = 1 });
        await CommitAsync(store, "g7", 0, 1);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(grain => store.CommitAsync(new GrainCommit
        {
            Id = Id($"g{grain}"),
            ExpectedVersion = 0,
            State = [2],
            Entries = [EntryWrite.Put("e", new byte[] { 2 })],
            Reminders = [new("r", new ReminderRecord("r", DateTimeOffset.UnixEpoch, null))],
            Outbox = [new OutboxRecord(new OutboxId(Id($"g{grain}"), 1, 0), Id("x"), "Run", new byte[] { 2 })],
        }).AsTask()));
        Assert.Equal(199, outcomes.Count(outcome => outcome == CommitOutcome.Committed));
        Assert.Equal(CommitOutcome.Conflict, outcomes[7]);
        Assert.Null(await store.ReadEntryAsync(Id("g7"), "e"));
        Assert.Equal(199, (await store.ReadOutboxAsync(null, 1000)).Count);
        Assert.Equal(199, (await store.ReadDueRemindersAsync(DateTimeOffset.UnixEpoch, 1000)).Count);
    }

    [Fact]
    public async Task of_a_transaction_with_a_statement_that_the_server_refuses_nothing_is_stored_and_the_next_one_is()
    {
        var database = await server.NewDatabaseAsync();
        await using var store = await PostgresGrainStore.OpenAsync(database, new PostgresGrainStoreOptions { Writers = 1 });
        await using var source = NpgsqlDataSource.Create(database);
        await using var constrain = source.CreateCommand("ALTER TABLE xtmp_entry ADD CHECK (length(value) < 10)");
        await constrain.ExecuteNonQueryAsync();

        // A message behind the entry: its statement comes after the one that fails, and the COMMIT after both. Thrice, so that it is prepared.
        for (var round = 0; round < 3; round++)
        {
            var error = await Assert.ThrowsAsync<XtmpException>(() => store.CommitAsync(Commit(new byte[10], 0)).AsTask());
            Assert.Equal(XtmpErrorCode.StorageUnavailable, error.Code);
            Assert.DoesNotContain("unknown", error.Message, StringComparison.Ordinal);
            Assert.Equal(0, await store.ReadVersionAsync(Id("g")));
            Assert.Empty(await store.ReadOutboxAsync(null, 10));
        }

        for (var version = 0; version < 3; version++)
        {
            Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit(new byte[9], version)));
        }

        Assert.Equal(3, await store.ReadVersionAsync(Id("g")));
        Assert.Equal(3, (await store.ReadOutboxAsync(null, 10)).Count);

        static GrainCommit Commit(byte[] entry, long version) => new()
        {
            Id = Id("g"),
            ExpectedVersion = version,
            State = [1],
            Entries = [EntryWrite.Put("e", entry)],
            Outbox = [new OutboxRecord(new OutboxId(Id("g"), version + 1, 0), Id("x"), "Run", new byte[] { 2 })],
        };
    }

    [Fact]
    public async Task random_commits_leave_what_they_leave_in_memory()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var store = await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
        await using var model = new MemoryGrainStore();
        for (var round = 0; round < 60; round++)
        {
            var commits = Enumerable.Range(0, random.Next(1, 12)).Select(_ => $"g{random.Next(8)}").Distinct().Select(key => Any(random, key, model)).ToArray();
            var expected = await Task.WhenAll(commits.Select(async commit => await model.CommitAsync(await commit)));
            var actual = await Task.WhenAll(commits.Select(async commit => await store.CommitAsync(await commit)));
            Assert.True(expected.SequenceEqual(actual), $"seed {seed}, round {round}");
        }

        foreach (var key in Enumerable.Range(0, 8).Select(grain => $"g{grain}"))
        {
            var (expected, actual) = (await model.LoadAsync(Id(key)), await store.LoadAsync(Id(key)));
            Assert.True(expected.Version == actual.Version && (expected.State ?? []).SequenceEqual(actual.State ?? []), $"seed {seed}, {key}");
            Assert.Equal(expected.Reminders.OrderBy(reminder => reminder.Name), actual.Reminders.OrderBy(reminder => reminder.Name));
            Assert.Equal(
                (await model.ReadEntriesAsync(Id(key), "", "", 100)).Select(entry => (entry.Key, Convert.ToHexString(entry.Value.Span))),
                (await store.ReadEntriesAsync(Id(key), "", "", 100)).Select(entry => (entry.Key, Convert.ToHexString(entry.Value.Span))));
        }

        Assert.Equal((await model.ReadOutboxAsync(null, 1000)).Select(message => message.Id), (await store.ReadOutboxAsync(null, 1000)).Select(message => message.Id));
    }

    [Fact]
    public async Task refuses_tables_that_are_newer_than_the_program()
    {
        var database = await server.NewDatabaseAsync();
        await (await PostgresGrainStore.OpenAsync(database)).DisposeAsync();
        await using (var source = Npgsql.NpgsqlDataSource.Create(database))
        {
            await using var command = source.CreateCommand("UPDATE xtmp_schema SET version = 99 WHERE component = 'grains'");
            await command.ExecuteNonQueryAsync();
        }

        var error = await Assert.ThrowsAsync<XtmpException>(() => PostgresGrainStore.OpenAsync(database));
        Assert.Contains("99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task many_that_open_at_once_migrate_once()
    {
        var database = await server.NewDatabaseAsync();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostgresGrainStore.OpenAsync(database)));
        await CommitAsync(stores[0], "a", 0, 1);
        Assert.Equal(1, await stores[5].ReadVersionAsync(Id("a")));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task a_password_is_in_no_message()
    {
        var error = await Assert.ThrowsAsync<XtmpException>(() => PostgresGrainStore.OpenAsync("Host=/nonexistent;Username=silo;Password=hunter2;Database=d;Timeout=2"));
        Assert.Equal(XtmpErrorCode.StorageUnavailable, error.Code);
        Assert.True(error.Retryable);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<CommitOutcome> CommitAsync(IGrainStore store, string key, long expected, byte state) =>
        await store.CommitAsync(new GrainCommit { Id = Id(key), ExpectedVersion = expected, State = [state] });

    private static async Task<GrainCommit> Any(Random random, string key, MemoryGrainStore model)
    {
        var version = await model.ReadVersionAsync(Id(key)) + (random.Next(8) == 0 ? 1 : 0);
        var names = Enumerable.Range(0, 4).Where(_ => random.Next(2) == 0).Select(name => $"n{name}").ToArray();
        var value = new byte[random.Next(20)];
        random.NextBytes(value);
        var queued = (await model.ReadOutboxAsync(null, 1000)).Where(message => message.Id.Source == Id(key)).Select(message => message.Id).Take(random.Next(3)).ToArray();
        return new GrainCommit
        {
            Id = Id(key),
            ExpectedVersion = version,
            State = random.Next(3) == 0 ? null : value,
            Forget = random.Next(10) == 0,
            Entries = [.. names.Select(name => random.Next(3) == 0 ? EntryWrite.Remove(name) : EntryWrite.Put(name, value))],
            Reminders = [.. names.Select(name => new ReminderWrite(name, random.Next(3) == 0 ? null : new ReminderRecord(name, DateTimeOffset.UnixEpoch.AddSeconds(random.Next(99)), random.Next(2) == 0 ? null : TimeSpan.FromSeconds(5))))],
            Outbox = [.. Enumerable.Range(0, random.Next(3)).Select(ordinal => new OutboxRecord(new OutboxId(Id(key), version + 1, ordinal), Id("x"), "Run", value))],
            OutboxRemovals = queued,
        };
    }
}

/// <summary>Stops the server, so it has one of its own.</summary>
public sealed class PostgresRestartTests : IAsyncDisposable
{
    private readonly PostgresServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task a_server_that_restarts_gives_retryable_errors_and_loses_nothing_that_was_committed()
    {
        await using var store = await PostgresGrainStore.OpenAsync($"{await _server.NewDatabaseAsync()};Timeout=5");
        var acknowledged = new long[16];
        using var stop = new CancellationTokenSource();
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var recovered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var unknown = 0;
        var writers = Enumerable.Range(0, acknowledged.Length).Select(grain => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var expected = await store.ReadVersionAsync(new GrainId("Probe", $"g{grain}"));
                    Assert.InRange(expected, acknowledged[grain], long.MaxValue);
                    if (await store.CommitAsync(new GrainCommit { Id = new GrainId("Probe", $"g{grain}"), ExpectedVersion = expected, State = [1] }) == CommitOutcome.Committed)
                    {
                        acknowledged[grain] = expected + 1;
                        running.TrySetResult();
                        if (failed.Task.IsCompleted)
                        {
                            recovered.TrySetResult();
                        }
                    }
                }
                catch (XtmpException error) when (error.Code == XtmpErrorCode.StorageUnavailable)
                {
                    Assert.True(error.Retryable, error.ToString());
                    Interlocked.Add(ref unknown, error.Message.Contains("unknown", StringComparison.Ordinal) ? 1 : 0);
                    failed.TrySetResult();
                }
            }
        })).ToArray();

        await running.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await _server.StopAsync();
        await failed.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await _server.StartAsync();
        await Task.WhenAny(recovered.Task, Task.WhenAll(writers)).WaitAsync(TimeSpan.FromMinutes(1));
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        long more = 0;
        for (var grain = 0; grain < acknowledged.Length; grain++)
        {
            var stored = await store.ReadVersionAsync(new GrainId("Probe", $"g{grain}"));
            Assert.InRange(stored, acknowledged[grain], long.MaxValue);
            more += stored - acknowledged[grain];
        }

        // Only commits whose outcome was called unknown may be there without having been acknowledged.
        Assert.InRange(more, 0, unknown);
    }
}
