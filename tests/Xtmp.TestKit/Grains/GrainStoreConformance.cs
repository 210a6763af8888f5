using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>What every grain store must do. Derive, give a fresh store a test, and run.</summary>
public abstract class GrainStoreConformance
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected static GrainId Id(string key) => new("Probe", key);

    [Fact]
    public async Task an_unknown_grain_has_version_0_and_nothing_else()
    {
        await using var store = await OpenAsync();
        var record = await store.LoadAsync(Id("a"));
        Assert.Equal(0, record.Version);
        Assert.Null(record.State);
        Assert.Empty(record.Reminders);
        Assert.Equal(0, await store.ReadVersionAsync(Id("a")));
        Assert.Null(await EntryAsync(store, Id("a"), "k"));
        Assert.Empty(await store.ReadEntriesAsync(Id("a"), "", "", 10));
    }

    [Fact]
    public async Task round_trips_state_and_counts_versions()
    {
        await using var store = await OpenAsync();
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("a", 0, state: [1, 2, 3])));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("a", 1, state: [])));
        var emptied = await store.LoadAsync(Id("a"));
        Assert.Equal(2, emptied.Version);
        Assert.Equal(Array.Empty<byte>(), emptied.State);
        var large = new byte[200_000];
        new Random(7).NextBytes(large);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("a", 2, large)));
        var record = await store.LoadAsync(Id("a"));
        Assert.Equal(3, record.Version);
        Assert.Equal(large, record.State);
        Assert.Equal(3, await store.ReadVersionAsync(Id("a")));
    }

    [Fact]
    public async Task a_commit_without_state_keeps_it_and_still_counts()
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(Commit("a", 0, state: [9]));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("a", 1, entries: [EntryWrite.Put("k", new byte[] { 1 })])));
        var record = await store.LoadAsync(Id("a"));
        Assert.Equal(2, record.Version);
        Assert.Equal(new byte[] { 9 }, record.State);

        await store.CommitAsync(Commit("stateless", 0, entries: [EntryWrite.Put("k", new byte[] { 1 })]));
        Assert.Null((await store.LoadAsync(Id("stateless"))).State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(0)]
    public async Task refuses_a_commit_from_another_version_and_writes_nothing_of_it(long expected)
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(Commit("a", 0, state: [1]));
        await store.CommitAsync(Commit("a", 1, state: [2]));
        var late = new GrainCommit
        {
            Id = Id("a"),
            ExpectedVersion = expected,
            State = new byte[] { 99 },
            Entries = [EntryWrite.Put("k", new byte[] { 1 })],
            Outbox = [Message("a", expected + 1, 0, "b")],
            Reminders = [new("r", new ReminderRecord("r", Start, null))],
        };
        Assert.Equal(CommitOutcome.Conflict, await store.CommitAsync(late));
        var record = await store.LoadAsync(Id("a"));
        Assert.Equal(2, record.Version);
        Assert.Equal(new byte[] { 2 }, record.State);
        Assert.Empty(record.Reminders);
        Assert.Null(await EntryAsync(store, Id("a"), "k"));
        Assert.Empty(await store.ReadOutboxAsync(null, 10));
    }

    [Fact]
    public async Task refuses_a_commit_from_a_version_of_a_grain_that_never_was()
    {
        await using var store = await OpenAsync();
        Assert.Equal(CommitOutcome.Conflict, await store.CommitAsync(Commit("a", 5, state: [1])));
        Assert.Equal(0, await store.ReadVersionAsync(Id("a")));
    }

    [Fact]
    public async Task of_many_writers_of_one_version_one_wins()
    {
        await using var store = await OpenAsync();
        for (var version = 0; version < 20; version++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer =>
                Task.Run(async () => await store.CommitAsync(Commit("a", version, state: [(byte)writer])))));
            Assert.Single(outcomes, CommitOutcome.Committed);
        }

        Assert.Equal(20, await store.ReadVersionAsync(Id("a")));
    }

    [Fact]
    public async Task tells_grains_apart_by_kind_and_by_every_byte_of_the_key()
    {
        await using var store = await OpenAsync();
        GrainId[] ids = [new("Probe", "a"), new("Probe", "A"), new("Probe", "a "), new("Other", "a"), new("Probe", "ä"), new("Probe", "a/b"), new("Probe", "😀")];
        for (var i = 0; i < ids.Length; i++)
        {
            await store.CommitAsync(new GrainCommit { Id = ids[i], ExpectedVersion = 0, State = new[] { (byte)i } });
        }

        for (var i = 0; i < ids.Length; i++)
        {
            Assert.Equal(new[] { (byte)i }, (await store.LoadAsync(ids[i])).State);
        }
    }

    [Fact]
    public async Task entries_are_put_replaced_removed_and_belong_to_their_grain()
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(Commit("a", 0, entries: [EntryWrite.Put("x", new byte[] { 1 }), EntryWrite.Put("y", new byte[0])]));
        await store.CommitAsync(Commit("b", 0, entries: [EntryWrite.Put("x", new byte[] { 2 })]));
        Assert.Equal(new byte[] { 1 }, await EntryAsync(store, Id("a"), "x"));
        Assert.Equal(Array.Empty<byte>(), await EntryAsync(store, Id("a"), "y"));
        await store.CommitAsync(Commit("a", 1, entries: [EntryWrite.Put("x", new byte[] { 3, 3 }), EntryWrite.Remove("y"), EntryWrite.Remove("absent")]));
        Assert.Equal(new byte[] { 3, 3 }, await EntryAsync(store, Id("a"), "x"));
        Assert.Null(await EntryAsync(store, Id("a"), "y"));
        Assert.Equal(new byte[] { 2 }, await EntryAsync(store, Id("b"), "x"));
    }

    [Fact]
    public async Task entries_page_by_prefix_in_ordinal_order()
    {
        await using var store = await OpenAsync();
        string[] keys = ["a", "p/", "p/1", "p/10", "p/2", "p/A", "p/a", "p/~~", "p0", "q"];
        await store.CommitAsync(Commit("a", 0, entries: [.. keys.Reverse().Select(key => EntryWrite.Put(key, new byte[] { 1 }))]));
        await store.CommitAsync(Commit("b", 0, entries: [EntryWrite.Put("p/5", new byte[] { 1 })]));

        var seen = new List<string>();
        var after = "";
        while (await store.ReadEntriesAsync(Id("a"), "p/", after, 3) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(entry => entry.Key));
            after = page[^1].Key;
        }

        Assert.Equal(["p/", "p/1", "p/10", "p/2", "p/A", "p/a", "p/~~"], seen);
        Assert.Equal(keys, (await store.ReadEntriesAsync(Id("a"), "", "", 100)).Select(entry => entry.Key));
    }

    [Fact]
    public async Task the_outbox_keeps_messages_until_they_are_removed()
    {
        await using var store = await OpenAsync();
        await store.CommitAsync(Commit("a", 0, outbox: [Message("a", 1, 0, "x"), Message("a", 1, 1, "y", notify: true)]));
        await store.CommitAsync(Commit("b", 0, outbox: [Message("b", 1, 0, "z")]));
        var all = await store.ReadOutboxAsync(null, 10);
        Assert.Equal(3, all.Count);
        var second = all.Single(message => message.Id == new OutboxId(Id("a"), 1, 1));
        Assert.Equal(Id("y"), second.Target);
        Assert.Equal("Run", second.Method);
        Assert.True(second.Notify);
        Assert.Equal(new byte[] { 1, 1 }, second.Payload.ToArray());
        Assert.True(await store.ContainsOutboxAsync(second.Id));

        await store.RemoveOutboxAsync(second.Id);
        Assert.False(await store.ContainsOutboxAsync(second.Id));
        await store.CommitAsync(new GrainCommit { Id = Id("b"), ExpectedVersion = 1, OutboxRemovals = [new OutboxId(Id("b"), 1, 0)] });
        Assert.Equal(new OutboxId(Id("a"), 1, 0), Assert.Single(await store.ReadOutboxAsync(null, 10)).Id);
        Assert.False(await store.ContainsOutboxAsync(new OutboxId(Id("b"), 1, 0)));
    }

    [Fact]
    public async Task the_outbox_pages_over_all_messages_once()
    {
        await using var store = await OpenAsync();
        var expected = new HashSet<OutboxId>();
        for (var grain = 0; grain < 7; grain++)
        {
            for (var version = 0; version < 3; version++)
            {
                var messages = Enumerable.Range(0, 3).Select(ordinal => Message($"g{grain}", version + 1, ordinal, "x")).ToArray();
                expected.UnionWith(messages.Select(message => message.Id));
                await store.CommitAsync(Commit($"g{grain}", version, outbox: messages));
            }
        }

        var seen = new List<OutboxId>();
        OutboxId? after = null;
        while (await store.ReadOutboxAsync(after, 5) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, 5);
            seen.AddRange(page.Select(message => message.Id));
            after = page[^1].Id;
        }

        Assert.Equal(expected.Count, seen.Count);
        Assert.True(expected.SetEquals(seen));
    }

    [Fact]
    public async Task reminders_are_set_replaced_removed_and_found_when_due()
    {
        await using var store = await OpenAsync();
        Assert.Null(await store.ReadNextReminderAsync());
        await store.CommitAsync(Commit("a", 0, reminders: [Reminder("r", 10), Reminder("s", 30, period: 60)]));
        await store.CommitAsync(Commit("b", 0, reminders: [Reminder("r", 20)]));
        Assert.Equal(Start.AddSeconds(10), await store.ReadNextReminderAsync());
        Assert.Empty(await store.ReadDueRemindersAsync(Start.AddSeconds(9), 10));
        var due = await store.ReadDueRemindersAsync(Start.AddSeconds(20), 10);
        Assert.Equal([Id("a"), Id("b")], due.Select(reminder => reminder.Id));
        Assert.Single(await store.ReadDueRemindersAsync(Start.AddSeconds(99), 1));

        await store.CommitAsync(Commit("a", 1, reminders: [Reminder("r", 50), new ReminderWrite("none", null)]));
        await store.CommitAsync(Commit("b", 1, reminders: [new ReminderWrite("r", null)]));
        Assert.Equal(Start.AddSeconds(30), await store.ReadNextReminderAsync());
        var kept = (await store.LoadAsync(Id("a"))).Reminders.OrderBy(reminder => reminder.Name).ToArray();
        Assert.Equal(
            [new ReminderRecord("r", Start.AddSeconds(50), null), new ReminderRecord("s", Start.AddSeconds(30), TimeSpan.FromSeconds(60))],
            kept);
    }

    [Fact]
    public async Task a_forgotten_grain_leaves_nothing_but_messages_on_their_way()
    {
        await using var store = await OpenAsync();
        foreach (var key in new[] { "a", "sender" })
        {
            await store.CommitAsync(Commit(key, 0, state: [1], entries: [EntryWrite.Put("k", new byte[] { 1 })], reminders: [Reminder("r", 10)]));
        }

        Assert.Equal(CommitOutcome.Conflict, await store.CommitAsync(new GrainCommit { Id = Id("a"), ExpectedVersion = 5, Forget = true }));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(new GrainCommit { Id = Id("a"), ExpectedVersion = 1, Forget = true }));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(
            new GrainCommit { Id = Id("sender"), ExpectedVersion = 1, Forget = true, Outbox = [Message("sender", 2, 0, "x")] }));
        foreach (var key in new[] { "a", "sender" })
        {
            var record = await store.LoadAsync(Id(key));
            Assert.Null(record.State);
            Assert.Empty(record.Reminders);
            Assert.Null(await EntryAsync(store, Id(key), "k"));
        }

        Assert.Null(await store.ReadNextReminderAsync());
        Assert.Equal(Id("x"), Assert.Single(await store.ReadOutboxAsync(null, 10)).Target);

        // The key may be used again, from nothing.
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("a", 0, state: [2])));
        Assert.Null(await EntryAsync(store, Id("a"), "k"));
    }

    [Fact]
    public async Task beyond_its_count_of_grains_only_what_settles_makes_one()
    {
        await using var store = await OpenAsync(new StoreLimits { MaxGrains = 5 });
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit($"g{i}", 0, state: [1])));
        }

        await FullAsync(store, Commit("more", 0, state: [1]));
        Assert.Equal(0, await store.ReadVersionAsync(Id("more")));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("g0", 1, state: [2], entries: [EntryWrite.Put("k", new byte[] { 1 })])));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Settling("settled", 0, [1])));
        if (store.IsShared)
        {
            // What goes is seen at the next measurement.
            return;
        }

        await store.CommitAsync(new GrainCommit { Id = Id("g1"), ExpectedVersion = 1, Forget = true });
        await store.CommitAsync(new GrainCommit { Id = Id("g2"), ExpectedVersion = 1, Forget = true });
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Commit("more", 0, state: [1])));
    }

    [Fact]
    public async Task a_full_store_keeps_room_for_what_settles()
    {
        const int Piece = 50_000;
        var piece = new byte[Piece];
        new Random(7).NextBytes(piece);
        await using var store = await OpenAsync(new StoreLimits { MaxBytes = 1_600_000, ReservedBytes = 800_000 });
        var stored = 0;
        while (await TryAsync(store, Commit($"g{stored}", 0, piece)))
        {
            Assert.True(++stored < 17, "Nothing was refused.");
        }

        // The commits that are not refused are whole, whoever shares their transaction.
        Assert.InRange(stored, 8, 16);
        await FullAsync(store, Commit("g0", 1, entries: [EntryWrite.Put("k", piece)]));
        await FullAsync(store, Commit("g0", 1, outbox: [new OutboxRecord(new OutboxId(Id("g0"), 2, 0), Id("x"), "Run", piece)]));
        var mixed = await Task.WhenAll(TryAsync(store, Commit("new", 0, piece)), TryAsync(store, Settling("settled", 0, piece)), TryAsync(store, Commit("g1", 1, piece)));
        Assert.Equal([false, true, true], mixed);
        Assert.Equal((0, 1, 2), (await store.ReadVersionAsync(Id("new")), await store.ReadVersionAsync(Id("settled")), await store.ReadVersionAsync(Id("g1"))));

        // The reserve has an end, too.
        var settled = 1L;
        while (await TryAsync(store, Settling("settled", settled, null, EntryWrite.Put($"k{settled}", piece))))
        {
            Assert.True(++settled < 20, "Nothing was refused.");
        }

        Assert.InRange(settled, 4, 19);
        Assert.Equal(piece, (await store.LoadAsync(Id("settled"))).State);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(new GrainCommit { Id = Id("settled"), ExpectedVersion = settled, Forget = true }));
        Assert.Equal(0, await store.ReadVersionAsync(Id("settled")));
    }

    private static async Task FullAsync(IGrainStore store, GrainCommit commit) => Assert.False(await TryAsync(store, commit));

    /// <summary>False where the store is full; nothing else may keep it from the commit.</summary>
    private static async Task<bool> TryAsync(IGrainStore store, GrainCommit commit)
    {
        try
        {
            Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(commit));
            return true;
        }
        catch (XtmpException full)
        {
            Assert.Equal(XtmpErrorCode.StorageFull, full.Code);
            Assert.True(full.Retryable);
            return false;
        }
    }

    private static GrainCommit Settling(string key, long version, byte[]? state, params EntryWrite[] entries) =>
        new() { Id = Id(key), ExpectedVersion = version, State = state, Entries = entries, Settles = true };

    /// <summary>A fresh, empty store.</summary>
    /// <param name="limits">What it keeps, beside what it takes when it is empty; null: the defaults.</param>
    protected abstract ValueTask<IGrainStore> OpenAsync(StoreLimits? limits = null);

    protected static GrainCommit Commit(
        string key,
        long expected,
        byte[]? state = null,
        IReadOnlyList<EntryWrite>? entries = null,
        IReadOnlyList<OutboxRecord>? outbox = null,
        IReadOnlyList<ReminderWrite>? reminders = null) => new()
        {
            Id = Id(key),
            ExpectedVersion = expected,
            State = state,
            Entries = entries ?? [],
            Outbox = outbox ?? [],
            Reminders = reminders ?? [],
        };

    private static async Task<byte[]?> EntryAsync(IGrainStore store, GrainId id, string key) =>
        await store.ReadEntryAsync(id, key);

    private static OutboxRecord Message(string source, long version, int ordinal, string target, bool notify = false) =>
        new(new OutboxId(Id(source), version, ordinal), Id(target), "Run", new[] { (byte)version, (byte)ordinal }, notify);

    private static ReminderWrite Reminder(string name, int dueSeconds, int? period = null) =>
        new(name, new ReminderRecord(name, Start.AddSeconds(dueSeconds), period is { } seconds ? TimeSpan.FromSeconds(seconds) : null));
}
