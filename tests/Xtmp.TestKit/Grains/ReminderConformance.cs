using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>Reminders fire when due, also when nothing ran at the time.</summary>
public abstract class ReminderConformance : GrainConformance
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
        var silo = await StartAsync();
        await silo.RunAsync("a", "remind", 90);
        await AdvanceAsync(silo, 89);
        Assert.Equal(0, await silo.ReadAsync("a"));
        await AdvanceAsync(silo, 1);
        Assert.Equal(1, await silo.ReadAsync("a"));
        await AdvanceAsync(silo, 1000);
        Assert.Equal(1, await silo.ReadAsync("a"));
        Assert.Null(await Store.ReadNextReminderAsync());
    }

    [Fact]
    public async Task a_reminder_can_be_due_at_once()
    {
        var silo = await StartAsync();
        var fired = Signal();
        Scripts.OnReminder = (_, _) =>
        {
            fired.TrySetResult();
            return ValueTask.CompletedTask;
        };
        await silo.RunAsync("a", "remind");
        await fired.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_reminder_with_a_period_fires_until_it_is_removed()
    {
        var silo = await StartAsync();
        await silo.RunAsync("a", "remind", 10, "20");
        await AdvanceAsync(silo, 10);
        await AdvanceAsync(silo, 20);
        await AdvanceAsync(silo, 20);
        Assert.Equal(3, await silo.ReadAsync("a"));
        await silo.RunAsync("a", "forget");
        await AdvanceAsync(silo, 100);
        Assert.Equal(3, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_that_is_replaced_fires_at_its_new_time()
    {
        var silo = await StartAsync();
        await silo.RunAsync("a", "remind", 10);
        await silo.RunAsync("a", "remind", 50);
        await AdvanceAsync(silo, 49);
        Assert.Equal(0, await silo.ReadAsync("a"));
        await AdvanceAsync(silo, 1);
        Assert.Equal(1, await silo.ReadAsync("a"));
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
        var silo = await StartAsync();
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
        await silo.RunAsync("a", "remind", 10);
        await AdvanceAsync(silo, 10);

        // In steps shorter than a call may take: a leap would time the turn out before a thread is there to run it.
        for (var i = 0; i < 12 && tries < 3; i++)
        {
            await AdvanceAsync(silo, 10);
        }

        Assert.Equal(3, tries);
        Assert.Equal(7, await silo.ReadAsync("a"));
    }

    [Fact]
    public async Task a_reminder_can_set_itself_again()
    {
        var silo = await StartAsync();
        Scripts.OnReminder = (grain, name) =>
        {
            if (++grain.Number < 4)
            {
                grain.Context.SetReminder(name, TimeSpan.FromSeconds(grain.Number * 10));
            }

            return ValueTask.CompletedTask;
        };
        await silo.RunAsync("a", "remind", 5);
        foreach (var seconds in new[] { 5, 10, 20, 30, 500 })
        {
            await AdvanceAsync(silo, seconds);
        }

        Assert.Equal(4, await silo.ReadAsync("a"));
    }

    private async Task AdvanceAsync(GrainSiloFixture silo, int seconds)
    {
        await silo.WhenQuietAsync();
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await silo.WhenQuietAsync();
    }
}
