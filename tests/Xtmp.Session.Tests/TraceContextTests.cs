using System.Diagnostics;

namespace Xtmp.Session.Tests;

/// <summary>The trace context behind a request's message (SPEC §1, payload rule 6).</summary>
public sealed class TraceContextTests
{
    private static readonly ActivityTraceId TraceId = ActivityTraceId.CreateFromString("4bf92f3577b34da6a3ce929d0e0e4736");
    private static readonly ActivitySpanId SpanId = ActivitySpanId.CreateFromString("00f067aa0ba902b7");

    public static TheoryData<int> StateLengths() => [0, 1, 229, 230, 231, 232, 511, 512];

    [Theory]
    [MemberData(nameof(StateLengths))]
    public void what_is_written_is_read_and_every_cut_of_it_is_refused(int stateLength)
    {
        var context = new ActivityContext(TraceId, SpanId, ActivityTraceFlags.Recorded, stateLength == 0 ? null : new string('s', stateLength), isRemote: true);
        var bytes = new byte[TraceContext.GetSize(in context) + 5];
        var length = TraceContext.Write(in context, bytes);
        Assert.Equal(bytes.Length - 5, length);
        Assert.True(TraceContext.TryRead(bytes, out var read, out var consumed));
        Assert.Equal(length, consumed);
        Assert.Equal(context, read);
        for (var cut = 1; cut < length; cut++)
        {
            Assert.False(TraceContext.TryRead(bytes.AsSpan(0, cut), out _, out _), $"cut to {cut}");
        }
    }

    [Fact]
    public void padding_is_no_trace_context_and_is_accepted()
    {
        foreach (var rest in new byte[][] { [], [0], [0, 0, 0] })
        {
            Assert.True(TraceContext.TryRead(rest, out var context, out var length));
            Assert.Equal(0, length);
            Assert.Equal(default, context);
        }
    }

    [Fact]
    public void a_state_that_is_too_long_or_not_printable_is_left_out()
    {
        foreach (var state in new[] { new string('s', TraceContext.MaxStateBytes + 1), "a\nb", "größe" })
        {
            var context = new ActivityContext(TraceId, SpanId, ActivityTraceFlags.None, state);
            var bytes = new byte[TraceContext.GetSize(in context)];
            TraceContext.Write(in context, bytes);
            Assert.True(TraceContext.TryRead(bytes, out var read, out _));
            Assert.Null(read.TraceState);
            Assert.Equal(TraceId, read.TraceId);
        }
    }

    [Theory]
    [InlineData("c71902" + "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701")] // another type
    [InlineData("c71801" + "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7")] // too short
    [InlineData("c8001901" + "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701")] // not the shortest form
    [InlineData("c71901" + "0000000000000000000000000000000000f067aa0ba902b701")] // no trace id
    [InlineData("c71901" + "4bf92f3577b34da6a3ce929d0e0e4736000000000000000001")] // no span id
    [InlineData("c71a01" + "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7010a")] // state not printable
    [InlineData("01")]
    [InlineData("c0")]
    public void anything_else_is_refused(string hex) => Assert.False(TraceContext.TryRead(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void random_bytes_never_throw()
    {
        var random = new Random(20261128);
        for (var run = 0; run < 20_000; run++)
        {
            var bytes = new byte[random.Next(0, 700)];
            random.NextBytes(bytes);
            if (bytes.Length > 4 && run % 2 == 0)
            {
                bytes[0] = (byte)(run % 4 == 0 ? 0xC7 : 0xC8);
                bytes[run % 4 == 0 ? 2 : 3] = 1;
            }

            if (TraceContext.TryRead(bytes, out _, out var length))
            {
                Assert.InRange(length, 0, bytes.Length);
            }
        }
    }
}
