using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema;
using Xtmp.Protocol;

namespace Xtmp.Cli;

/// <summary><c>xtmp frame decode HEX</c></summary>
public static class FrameCommand
{
    public static Command Create()
    {
        Argument<string> hex = new("hex") { Description = "The frame, or its first 96 bytes, in hex; spaces and colons do not matter. - reads standard input." };
        Option<bool> json = new("--json") { Description = "Print a JSON object." };
        Command decode = new("decode", """
            Shows every field of a frame's header (SPEC §1). The payload of an unencrypted frame is shown in hex; that of an
            encrypted one cannot be read without the session's keys, which no file holds.

            Example: xtmp frame decode 58544d500101…
            """);
        decode.Arguments.Add(hex);
        decode.Options.Add(json);
        decode.SetAction(parsed => Decode(parsed, parsed.GetValue(hex)!, parsed.GetValue(json)));
        return new Command("frame", "Looks into frames.") { decode };
    }

    private static int Decode(ParseResult parsed, string text, bool asJson)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        byte[] frame;
        try
        {
            text = text == "-" ? Console.In.ReadToEnd() : text;
            frame = Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c) && c != ':')));
        }
        catch (FormatException)
        {
            error.WriteLine("A frame is given as hex digits.");
            return ExitCodes.Usage;
        }

        if (frame.Length < FrameLayout.HeaderSize)
        {
            error.WriteLine($"A header has {FrameLayout.HeaderSize} bytes; there are {frame.Length}.");
            return ExitCodes.Usage;
        }

        FrameStatus status = FrameHeader.TryRead(frame, FrameLayout.MaxPayload, out FrameHeader header);
        if (status != FrameStatus.Ok)
        {
            error.WriteLine($"This is no valid frame header: {status}.");
            return ExitCodes.Findings;
        }

        JsonObject fields = new()
        {
            ["message_type"] = string.Create(CultureInfo.InvariantCulture, $"0x{header.MessageType:X2}"),
            ["flags"] = header.Flags.ToString(),
            ["kind"] = header.Kind.ToString(),
            ["session_id"] = header.SessionId.ToString(CultureInfo.InvariantCulture),
            ["sequence"] = header.Sequence.ToString(CultureInfo.InvariantCulture),
            ["payload_length"] = header.PayloadLength,
            ["checksum"] = string.Create(CultureInfo.InvariantCulture, $"0x{header.Checksum:X8}"),
            ["encryption_type"] = header.EncryptionType.ToString(),
            ["key_id"] = Hex(frame, FrameLayout.KeyIdOffset, FrameLayout.KeyIdSize),
            ["nonce"] = Hex(frame, FrameLayout.NonceOffset, FrameLayout.NonceSize),
            ["epoch"] = header.Epoch,
            ["tag"] = Hex(frame, FrameLayout.TagOffset, FrameLayout.TagSize),
            ["exchange_id"] = header.ExchangeId.ToString(CultureInfo.InvariantCulture),
        };
        if (header.EncryptionType == EncryptionType.None && frame.Length > FrameLayout.HeaderSize)
        {
            fields["payload"] = Hex(frame, FrameLayout.HeaderSize, Math.Min(header.PayloadLength, frame.Length - FrameLayout.HeaderSize));
        }

        TextWriter output = parsed.InvocationConfiguration.Output;
        if (asJson)
        {
            output.WriteLine(fields.ToJsonString());
            return ExitCodes.Ok;
        }

        foreach ((string name, JsonNode? value) in fields)
        {
            output.WriteLine($"{name,-16} {value}");
        }

        return ExitCodes.Ok;
    }

    private static string Hex(byte[] frame, int offset, int length) => Convert.ToHexStringLower(frame.AsSpan(offset, length));
}
