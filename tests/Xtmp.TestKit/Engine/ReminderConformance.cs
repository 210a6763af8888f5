using Xtmp.Engine;
using Xtmp.Protocol;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Reminders fire when due, also when nothing ran at the time.</summary>
public abstract class ReminderConformance : GrainEngineConformance
{
    protected ReminderConformance()
    {
        Scripts["remind"] = (grain, call, _) =>
        {
            grain.Context.SetReminder("r", TimeSpan.FromSeconds(call.Number), call.Text.Length == 0 ? null : TimeSpan.FromSeconds(int.Parse(call.Text, System.Globalization.CultureInfo.InvariantCulture)));
            return new(ProbeGrain.Reply());
        };
        Scripts["forget"] = (grain, _, _) =>
        {
            grain.Context.RemoveReminder("r");
            return new(ProbeGrain.Reply());
        };
        Scripts.OnReminder = (grain, name) =>
        {
            Assert.Equal("r", name);
            grain.Number++;
            return ValueTask.CompletedTask;
        };
    }

    [Fact]
    public async Task a_reminder_fires_once_when_due()
    {
        var engine = await StartAsync();
        await engine.RunAsync("a", "remind", 90);
        await AdvanceAsync(engine, 89);
        Assert.Equal(0, await engine.ReadAsync("a"));
        await AdvanceAsync(engine, 1);
        Assert.Equal(1, await engine.ReadAsync("a"));
        await AdvanceAsync(engine, 1000);
        Assert.Equal(1, await engine.ReadAsync("a"));
        Assert.Null(await Store.ReadNextReminderAsync());
    }

    [Fact]
    public async Task a_reminder_can_be_due_at_once()
    {
        var engine = await StartAsync();
        var fired = Signal();
        Scripts.OnReminder = (_, _) =>
        {
            fired.TrySetResult();
            return ValueTask.CompletedTask;
        };
        await engine.RunAsync("a", "remind");
        await fired.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_reminder_with_a_period_fires_until_it_is_removed()
    {
        var engine = await StartAsync();
        await engine.RunAsync("a", "remind", 10, "20");
        await AdvanceAsync(engine, 10);
        await AdvanceAsync(engine, 20);
        await AdvanceAsync(engine, 20);
        Assert.Equal(3, await engine.ReadAsync("a"));
        await engine.RunAsync("a", "forget");
        await AdvanceAsync(engine, 100);
        Assert.Equal(3, await engine.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_that_is_replaced_fires_at_its_new_time()
    {
        var engine = await StartAsync();
        await engine.RunAsync("a", "remind", 10);
        await engine.RunAsync("a", "remind", 50);
        await AdvanceAsync(engine, 49);
        Assert.Equal(0, await engine.ReadAsync("a"));
        await AdvanceAsync(engine, 1);
        Assert.Equal(1, await engine.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_outlives_the_engine_and_makes_up_for_missed_firings_by_one()
    {
        var first = await StartAsync();
        await first.RunAsync("a", "remind", 10, "10");
        await first.RunAsync("b", "remind", 15);
        await first.DisposeAsync();
        Time.Advance(TimeSpan.FromSeconds(95));

        var second = await StartAsync();
        await second.WhenQuietAsync();
        Assert.Equal(1, await second.ReadAsync("a"));
        Assert.Equal(1, await second.ReadAsync("b"));
        await AdvanceAsync(second, 4);
        Assert.Equal(1, await second.ReadAsync("a"));
        await AdvanceAsync(second, 1);
        Assert.Equal(2, await second.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_whose_turn_fails_comes_again()
    {
        var engine = await StartAsync();
        var tries = 0;
        Scripts.OnReminder = (grain, _) =>
        {
            if (++tries < 3)
            {
                throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "not now");
            }

            grain.Number = 7;
            return ValueTask.CompletedTask;
        };
        await engine.RunAsync("a", "remind", 10);
        await AdvanceAsync(engine, 10);

        // In steps shorter than a call may take: a leap would time the turn out before a thread is there to run it.
        for (var i = 0; i < 12 && tries < 3; i++)
        {
            await AdvanceAsync(engine, 10);
        }

        Assert.Equal(3, tries);
        Assert.Equal(7, await engine.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_can_set_itself_again()
    {
        var engine = await StartAsync();
        Scripts.OnReminder = (grain, name) =>
        {
            if (++grain.Number < 4)
            {
                grain.Context.SetReminder(name, TimeSpan.FromSeconds(grain.Number * 10));
            }

            return ValueTask.CompletedTask;
        };
        await engine.RunAsync("a", "remind", 5);
        foreach (var seconds in new[] { 5, 10, 20, 30, 500 })
        {
            await AdvanceAsync(engine, seconds);
        }

        Assert.Equal(4, await engine.ReadAsync("a"));
    }

    private async Task AdvanceAsync(EngineFixture engine, int seconds)
    {
        await engine.WhenQuietAsync();
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await engine.WhenQuietAsync();
    }
}
