namespace Xtmp.Grains.Tests.Locks;

/// <summary>
/// Generated sequences of requests against what a table of locks must be at every moment: one holder a resource, tokens that
/// only rise, no ring of waits, nobody passed by a later request for ever. A failure names its seed.
/// </summary>
public sealed class LockTableTests
{
    private static readonly string[] Resources = ["a", "b", "c", "d", "e"];

    [Fact]
    public void holds_its_invariants_over_generated_sequences()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            try
            {
                Run(seed);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed}: {error.Message}", error);
            }
        }
    }

    [Fact]
    public void the_youngest_of_a_ring_is_wounded_and_waits_no_more()
    {
        var table = new LockTable();
        var old = Open(table, 1);
        var middle = Open(table, 2);
        var young = Open(table, 3);
        Acquire(table, old, "a");
        Acquire(table, middle, "b");
        Acquire(table, young, "c");
        var first = Acquire(table, old, "b");
        var second = Acquire(table, young, "a");
        Assert.Null(first.Outcome);
        Assert.Null(second.Outcome);

        // The ring is closed by neither the oldest nor the youngest.
        var third = Acquire(table, middle, "c");
        Assert.Equal(LockVerdict.Wounded, second.Outcome);
        Assert.Null(third.Outcome);
        Assert.True(young.IsWounded);
        Assert.Equal(LockVerdict.Wounded, Acquire(table, young, "d").Outcome);
        Assert.False(table.TryRenew(young, Seconds(10), Seconds(1)));
        table.Release(young, [("c", young.Held["c"])]);
        Assert.False(young.IsWounded);
        Assert.Equal(LockVerdict.Granted, third.Outcome);
    }

    [Fact]
    public void an_older_session_waits_for_a_younger_one_that_waits_for_nobody()
    {
        var table = new LockTable();
        var old = Open(table, 1);
        var young = Open(table, 2);
        Acquire(table, young, "a");
        var wait = Acquire(table, old, "a");
        Assert.Null(wait.Outcome);
        Assert.False(young.IsWounded);
        table.Release(young, [("a", young.Held["a"])]);
        Assert.Equal(LockVerdict.Granted, wait.Outcome);
    }

    [Fact]
    public void a_request_for_several_is_not_starved_by_later_ones_for_one_of_them()
    {
        var table = new LockTable();
        var holder = Open(table, 1);
        var wantsBoth = Open(table, 2);
        var later = Open(table, 3);
        Acquire(table, holder, "a");
        var both = Acquire(table, wantsBoth, "a", "b");
        var one = Acquire(table, later, "b");
        Assert.Null(one.Outcome);
        table.Release(holder, [("a", holder.Held["a"])]);
        Assert.Equal(LockVerdict.Granted, both.Outcome);
        Assert.Null(one.Outcome);
    }

    [Fact]
    public void a_holder_passes_a_request_that_waits_for_it()
    {
        var table = new LockTable();
        var holder = Open(table, 1);
        var waiting = Open(table, 2);
        Acquire(table, holder, "a");
        Acquire(table, waiting, "a", "b");
        Assert.Equal(LockVerdict.Granted, Acquire(table, holder, "b").Outcome);
        Assert.False(waiting.IsWounded);
    }

    [Fact]
    public void who_ran_out_of_time_keeps_its_place()
    {
        var table = new LockTable();
        var holder = Open(table, 1);
        var patient = Open(table, 2);
        var other = Open(table, 3);
        Acquire(table, holder, "a");
        var short1 = table.Acquire(patient, Operation(1), ["a"], Seconds(1), Seconds(0));
        var wait = Acquire(table, other, "a");
        table.Advance(Seconds(2));
        Assert.Equal(LockVerdict.TimedOut, short1.Outcome);
        var again = table.Acquire(patient, Operation(2), ["a"], Seconds(10), Seconds(2));
        table.Release(holder, [("a", holder.Held["a"])]);
        Assert.Equal(LockVerdict.Granted, again.Outcome);
        Assert.Null(wait.Outcome);
    }

    [Fact]
    public void a_lease_that_runs_out_frees_what_it_held()
    {
        var table = new LockTable();
        var holder = table.Open(Guid.NewGuid(), new byte[32], Seconds(5), Seconds(0));
        var waiting = Open(table, 2);
        Acquire(table, holder, "a");
        var wait = Acquire(table, waiting, "a");
        Assert.True(table.TryRenew(holder, Seconds(5), Seconds(4)));
        table.Advance(Seconds(8));
        Assert.Null(wait.Outcome);
        Assert.Equal(Seconds(9), table.NextEvent);
        table.Advance(Seconds(9));
        Assert.Equal(LockVerdict.Granted, wait.Outcome);
        Assert.Null(table.Find(holder.Id));
        Assert.True(holder.IsGone);
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        var table = new LockTable();
        var sessions = new List<LockSession>();
        var waits = new List<LockWait>();
        var highest = new Dictionary<string, ulong>();
        var now = Seconds(0);
        byte operation = 0;
        for (var step = 0; step < 200; step++)
        {
            sessions.RemoveAll(session => session.IsGone);
            var session = sessions.Count > 0 ? sessions[random.Next(sessions.Count)] : null;
            switch (random.Next(10))
            {
                case 0 when sessions.Count < 6:
                    sessions.Add(table.Open(new Guid(seed, (short)step, 0, 0, 0, 0, 0, 0, 0, 0, 0), new byte[32], Seconds(random.Next(5, 60)), now));
                    break;
                case 1 or 2 or 3 or 4 when session is not null:
                    var wanted = Resources.Where(_ => random.Next(3) == 0).DefaultIfEmpty("a").ToArray();
                    waits.Add(table.Acquire(session, Operation(++operation), wanted, Seconds(random.Next(0, 20)), now));
                    break;
                case 5 or 6 or 7 when session is { Held.Count: > 0 }:
                    var released = session.Held.Where(_ => random.Next(2) == 0).Select(held => (held.Key, held.Value)).ToArray();
                    table.Release(session, released);
                    break;
                case 8 when session is not null:
                    table.TryRenew(session, Seconds(random.Next(5, 60)), now);
                    break;
                default:
                    now += Seconds(random.Next(0, 4));
                    table.Advance(now);
                    break;
            }

            Check(table, sessions, waits, highest, now);
        }

        // Everybody gives back what it holds, as often as it is given something: nobody waits for ever.
        for (var round = 0; waits.Exists(wait => wait.Outcome is null); round++)
        {
            Assert.True(round < 100, "somebody starves");
            foreach (var session in table.Sessions.ToArray())
            {
                table.Release(session, [.. session.Held.Select(held => (held.Key, held.Value))]);
            }
        }
    }

    private static void Check(LockTable table, List<LockSession> sessions, List<LockWait> waits, Dictionary<string, ulong> highest, TimeSpan now)
    {
        // One holder, and tokens that only rise.
        var held = table.Sessions.SelectMany(session => session.Held.Select(pair => (pair.Key, pair.Value, session))).ToArray();
        Assert.Equal(held.Length, held.Select(one => one.Key).Distinct().Count());
        foreach (var (resource, token, session) in held)
        {
            Assert.Same(session, table.HolderOf(resource));
            Assert.True(token <= table.LastToken);
            if (token != highest.GetValueOrDefault(resource))
            {
                Assert.True(token > highest.GetValueOrDefault(resource));
                highest[resource] = token;
            }
        }

        Assert.Equal(held.Length, held.Select(one => one.Value).Distinct().Count());
        foreach (var session in table.Sessions)
        {
            Assert.True(session.ExpiresAt > now || table.NextEvent <= now);
            Assert.True(!session.IsWounded || session.Held.Count > 0);
            Assert.True(!session.IsWounded || session.Waits.Count == 0);
        }

        Assert.Null(table.FindRing());

        // A request waits only while somebody else has what it wants, or is before it.
        var waiting = waits.Where(wait => wait.Outcome is null).OrderBy(wait => wait.Place).ToArray();
        Assert.Equal(table.WaitCount, waiting.Length);
        if (waiting.Length > 0)
        {
            Assert.Contains(waiting[0].Resources, resource => table.HolderOf(resource) is { } holder && holder != waiting[0].Session);
        }

        Assert.All(sessions.Where(session => session.IsGone), session => Assert.Empty(session.Held));
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static byte[] Operation(byte number)
    {
        var operation = new byte[16];
        operation[0] = number;
        return operation;
    }

    private static LockSession Open(LockTable table, byte number) => table.Open(new Guid(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), new byte[32], TimeSpan.FromHours(1), TimeSpan.Zero);

    private static LockWait Acquire(LockTable table, LockSession session, params string[] resources) =>
        table.Acquire(session, Guid.NewGuid().ToByteArray(), resources, TimeSpan.FromMinutes(10), TimeSpan.Zero);
}
