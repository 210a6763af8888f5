using Microsoft.Extensions.Time.Testing;
using Xtmp.Transport;

namespace Xtmp.Gateway.Tests;

public sealed class DropLogTests
{
    [Fact]
    public void says_once_a_minute_that_something_was_dropped_and_how_often()
    {
        var time = new FakeTimeProvider();
        var log = new DropLog(new SessionClock(time));
        Assert.True(log.Add(out var count));
        Assert.Equal(1, count);
        for (var i = 0; i < 1000; i++)
        {
            Assert.False(log.Add(out _));
        }

        time.Advance(TimeSpan.FromSeconds(60));
        Assert.True(log.Add(out count));
        Assert.Equal(1001, count);
    }
}
