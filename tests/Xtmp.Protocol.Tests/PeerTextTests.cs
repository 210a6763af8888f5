namespace Xtmp.Protocol.Tests;

public sealed class PeerTextTests
{
    [Theory]
    [InlineData("plain text, ümläut, 漢字, 😀", "plain text, ümläut, 漢字, 😀")]
    [InlineData("a\r\nb\tc\0", "a\\u000D\\u000Ab\\u0009c\\u0000")]
    [InlineData("\u001b[31mred", "\\u001B[31mred")]
    [InlineData("line\u2028sep\u2029\u0085", "line\\u2028sep\\u2029\\u0085")]
    [InlineData("\u202Egnp.exe\u2066", "\\u202Egnp.exe\\u2066")]
    [InlineData("", "")]
    public void what_could_forge_a_line_or_turn_it_around_is_escaped(string text, string expected) => Assert.Equal(expected, PeerText.Escape(text));

    [Fact]
    public void half_surrogates_are_escaped_wherever_they_stand()
    {
        Assert.Equal("\\uDE00\\uD83D", PeerText.Escape("\uDE00\uD83D"));
        Assert.Equal("x\\uD83Dy", PeerText.Escape("x\uD83Dy"));
    }

    [Fact]
    public void an_exception_shows_code_fault_field_and_retry_and_no_line_of_a_peer()
    {
        var error = new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Peer, "bad\nERROR forged", "name\u202E", retryable: true, retryAfter: TimeSpan.FromSeconds(2));
        Assert.StartsWith("[PayloadInvalid (102), fault Peer, field name\\u202E, retryable] ", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("bad\\u000AERROR forged", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\nERROR", error.ToString(), StringComparison.Ordinal);
    }
}
