using System.Text.Json.Nodes;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Protocol;

namespace Xtmp.Cli.Tests;

public sealed class FrameVerbTests
{
    [Fact]
    public void decode_shows_each_field_of_the_header()
    {
        byte[] frame = new byte[FrameLayout.HeaderSize + 3];
        new FrameHeader { MessageType = 0x13, Kind = FrameKind.Request, SessionId = 7, PayloadLength = 3, ExchangeId = 5 }.Write(frame);
        frame[^1] = 0xAB;
        var (exitCode, output, error) = Tool.Run("frame", "decode", Convert.ToHexString(frame), "--json");
        Assert.True(exitCode == 0, error);
        JsonNode fields = JsonNode.Parse(output)!;
        Assert.Equal("0x13 Request 7 3 5 0000ab", $"{fields["message_type"]} {fields["kind"]} {fields["session_id"]} {fields["payload_length"]} {fields["exchange_id"]} {fields["payload"]}");
        frame[0] ^= 1;
        var wrong = Tool.Run("frame", "decode", Convert.ToHexString(frame));
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("WrongMagic", wrong.Error);
        Assert.Equal(2, Tool.Run("frame", "decode", "58").ExitCode);
        Assert.Equal(2, Tool.Run("frame", "decode", "xyz").ExitCode);
    }

    [Theory]
    [InlineData("a\u001b[31mb", "a\\u{1B}[31mb")]
    [InlineData("a\u202eb\u2028", "a\\u{202E}b\\u{2028}")]
    [InlineData("größe ✓", "größe ✓")]
    public void text_of_a_peer_cannot_move_the_cursor(string text, string shown) => Assert.Equal(shown, PlainText.Of(text));
}
