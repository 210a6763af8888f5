using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Schema;
using Xtmp.Protocol;
using Xtmp.Schema;
using Xtmp.Session;

namespace Xtmp.Cli.Frames;

/// <summary><c>xtmp frame decode HEX</c></summary>
public static class FrameCommand
{
    private const int SecretSize = 48;

    public static Command Create()
    {
        Argument<string> hex = new("hex") { Description = "The frame, or its first 96 bytes, in hex; spaces and colons do not matter. - reads standard input." };
        Option<string?> secret = new("--secret") { Description = "Traffic secret of the direction and epoch (c_ap, s_ap, c_hs or s_hs of SPEC section 2), 96 hex digits, to open an encrypted frame." };
        Option<string?> schema = new("--schema") { Description = "Schema file of the messages; the built-in messages of XTMP where not given." };
        Option<bool> json = Arguments.Json();
        Command decode = new("decode", """
            Shows every field of a frame's header (SPEC section 1), and its messages where it is not encrypted or --secret opens it.
            No file of this SDK holds such a secret: it is for those who write an implementation and print their own.

            Example: xtmp frame decode 58544d500101…
            Example: xtmp frame decode 58544d500110… --secret 11d7467a3692…
            """) { hex, secret, schema, json };
        decode.SetAction(parsed => Decode(parsed, new Terminal(parsed, parsed.GetValue(json)), parsed.GetValue(hex)!, parsed.GetValue(secret), parsed.GetValue(schema)));
        return new Command("frame", "Looks into frames.") { decode };
    }

    private static int Decode(ParseResult parsed, Terminal terminal, string text, string? secret, string? schema)
    {
        if (FromHex(text == "-" ? Console.In.ReadToEnd() : text) is not { } frame)
        {
            terminal.Error($"A frame is given as hex digits.");
            return ExitCodes.Usage;
        }

        if (frame.Length < FrameLayout.HeaderSize)
        {
            terminal.Error($"A header has {FrameLayout.HeaderSize} bytes; there are {frame.Length}.");
            return ExitCodes.Usage;
        }

        FrameStatus status = FrameHeader.TryRead(frame, FrameLayout.MaxPayload, out FrameHeader header);
        if (status != FrameStatus.Ok)
        {
            terminal.Error($"This is no valid frame header: {status}.");
            return ExitCodes.Findings;
        }

        if (ReadSchema(schema, parsed) is not { } model)
        {
            return ExitCodes.Usage;
        }

        JsonObject fields = Fields(frame, header);
        int exitCode = ExitCodes.Ok;
        if (frame.Length == FrameLayout.HeaderSize + header.PayloadLength && header.PayloadLength > 0)
        {
            if (header.EncryptionType == EncryptionType.None)
            {
                fields["payload"] = new FramePayload(model).Show(header, frame.AsSpan(FrameLayout.HeaderSize));
            }
            else if (secret is not null)
            {
                if (Open(frame, header, secret, terminal, out exitCode) is not { } plaintext)
                {
                    return exitCode;
                }

                fields["payload"] = new FramePayload(model).Show(header, plaintext);
            }
        }

        terminal.Object(fields);
        return exitCode;
    }

    private static JsonObject Fields(byte[] frame, in FrameHeader header) => new()
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

    private static byte[]? Open(byte[] frame, in FrameHeader header, string secret, Terminal terminal, out int exitCode)
    {
        exitCode = ExitCodes.Usage;
        if (FromHex(secret) is not { Length: SecretSize } bytes)
        {
            terminal.Error($"--secret takes {2 * SecretSize} hex digits.");
            return null;
        }

        exitCode = ExitCodes.Findings;
        using TrafficKeys keys = new(bytes, header.EncryptionType, header.Epoch);
        int length = keys.PlaintextLength(in header);
        byte[] plaintext = new byte[Math.Max(length, 0)];
        if (header.KeyId != keys.KeyId)
        {
            terminal.Error($"The frame was sealed under another secret: its key_id is not that of --secret and epoch {header.Epoch}.");
            return null;
        }

        if (length < 0 || !keys.TryOpen(in header, frame, plaintext))
        {
            terminal.Error($"The frame's tag is wrong: it is damaged or forged.");
            return null;
        }

        exitCode = ExitCodes.Ok;
        return plaintext;
    }

    private static SchemaModel? ReadSchema(string? path, ParseResult parsed) =>
        path is null ? BuiltInSchema.Read() : SchemaFile.ReadAll([path], parsed.InvocationConfiguration.Error, out _)?[0].Model;

    private static byte[]? FromHex(string text)
    {
        try
        {
            return Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c) && c != ':')));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string Hex(byte[] frame, int offset, int length) => Convert.ToHexStringLower(frame.AsSpan(offset, length));
}
