using System.Text.Json.Nodes;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Messages;
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

    [Fact]
    public void decode_opens_the_worked_frame_of_the_specification_under_its_secret()
    {
        string[] spec = File.ReadAllLines(Repository.Path("schema/SPEC.md"));
        string After(string line) => spec[Array.FindIndex(spec, l => l == line) + 1].Trim();
        string frame = spec[Array.FindIndex(spec, l => l.StartsWith("first frame of the client under c_ap", StringComparison.Ordinal)) + 1].Trim();
        string secret = After("c_ap");
        var (exitCode, output, error) = Tool.Run("frame", "decode", frame, "--secret", secret, "--json");
        Assert.True(exitCode == 0, error);
        Assert.Equal("93010203", (string?)JsonNode.Parse(output)!["payload"]);
        var wrong = Tool.Run("frame", "decode", frame, "--secret", After("s_ap"));
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("another secret", wrong.Error);
        var damaged = Tool.Run("frame", "decode", frame[..^2] + (frame[^1] == '0' ? "01" : "00"), "--secret", secret);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("damaged or forged", damaged.Error);
        Assert.Equal(2, Tool.Run("frame", "decode", frame, "--secret", "abc").ExitCode);
    }

    [Fact]
    public void decode_shows_messages_of_the_schema_by_name_and_batches_entry_by_entry()
    {
        byte[] query = new RegistryQuery { Name = "bundles.example" }.ToBytes();
        var shown = Show(new FrameHeader { MessageType = 0x30, Kind = FrameKind.Request, ExchangeId = 1 }, query);
        Assert.Equal("bundles.example", (string?)shown["RegistryQuery"]!["name"]);
        byte[] batch = new byte[(2 * BatchEntry.Size) + query.Length + 1];
        new BatchEntry { MessageType = 0x30, Kind = FrameKind.Request, ExchangeId = 3, Length = query.Length }.Write(batch);
        query.CopyTo(batch, BatchEntry.Size);
        new BatchEntry { MessageType = 0xA7, Kind = FrameKind.OneWay, Length = 1 }.Write(batch.AsSpan(BatchEntry.Size + query.Length));
        batch[^1] = 0xC1;
        var entries = Show(new FrameHeader { MessageType = FrameCode.Batch }, batch).AsArray();
        Assert.Equal("bundles.example", (string?)entries[0]!["message"]!["RegistryQuery"]!["name"]);
        Assert.Equal("c1", (string?)entries[1]!["message"]);
    }

    [Theory]
    [InlineData("a\u001b[31mb", "a\\u{1B}[31mb")]
    [InlineData("a\u202eb\u2028", "a\\u{202E}b\\u{2028}")]
    [InlineData("größe ✓", "größe ✓")]
    public void text_of_a_peer_cannot_move_the_cursor(string text, string shown) => Assert.Equal(shown, PlainText.Of(text));

    private static JsonNode Show(FrameHeader header, byte[] payload)
    {
        byte[] frame = new byte[FrameLayout.HeaderSize + payload.Length];
        header.PayloadLength = payload.Length;
        header.SessionId = 7;
        header.Write(frame);
        payload.CopyTo(frame, FrameLayout.HeaderSize);
        var (exitCode, output, error) = Tool.Run("frame", "decode", Convert.ToHexString(frame), "--json");
        Assert.True(exitCode == 0, error);
        return JsonNode.Parse(output)!["payload"]!;
    }
}
