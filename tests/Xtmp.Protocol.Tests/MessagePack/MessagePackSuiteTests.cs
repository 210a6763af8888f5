using System.Numerics;
using System.Text.Json;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Protocol.Tests;

/// <summary>
/// The public MessagePack test suite against the primitive reader and writer: each value is written in the shortest of the
/// suite's forms, read back from it, and refused in every longer one.
/// </summary>
public sealed class MessagePackSuiteTests
{
    private const string Suite = "vectors/msgpack-test-suite.json";

    [Fact]
    public void Reads_and_writes_every_value_of_the_public_suite()
    {
        using var suite = JsonDocument.Parse(File.ReadAllText(Repository.Shared(Suite)));
        int values = 0;
        foreach (var group in suite.RootElement.EnumerateObject())
        {
            foreach (var entry in group.Value.EnumerateArray())
            {
                Check(entry, [.. entry.GetProperty("msgpack").EnumerateArray().Select(form => Convert.FromHexString(form.GetString()!.Replace("-", "")))]);
                values++;
            }
        }

        Assert.True(values >= 80, $"only {values} values");
    }

    private static void Check(JsonElement entry, byte[][] forms)
    {
        var kind = entry.EnumerateObject().First(p => p.Name != "msgpack");
        switch (kind.Name)
        {
            case "nil":
                Assert.Equal(forms[0], Write((ref byte to) => ref MessagePackWriter.WriteNil(ref to)));
                Assert.Equal(1, MessagePackReader.ReadNil(forms[0], 0));
                Assert.True(MessagePackReader.IsNil(forms[0], 0));
                break;
            case "bool":
                bool flag = kind.Value.GetBoolean();
                Assert.Equal(forms[0], Write((ref byte to) => ref MessagePackWriter.WriteBoolean(ref to, flag)));
                Assert.Equal(1, MessagePackReader.ReadBoolean(forms[0], 0, out bool read));
                Assert.Equal(flag, read);
                break;
            case "number" or "bignum":
                Number(entry.TryGetProperty("bignum", out var big) ? big.GetString()! : kind.Value.GetRawText(), forms);
                break;
            case "string":
                var text = kind.Value.GetString()!;
                Assert.Equal(forms[0], Write((ref byte to) => ref MessagePackWriter.WriteString(ref to, text)));
                Assert.Equal(forms[0].Length, MessagePackSize.OfString(text));
                ReadsOnlyTheFirst(forms, (bytes, _) =>
                {
                    int end = MessagePackReader.ReadString(bytes, 0, 0, 1000, out var value);
                    Assert.True(end < 0 || value == text);
                    return end;
                });
                break;
            case "binary":
                var data = Hex(kind.Value.GetString()!);
                Assert.Equal(forms[0], Write((ref byte to) => ref MessagePackWriter.WriteBinary(ref to, data)));
                Assert.Equal(forms[0].Length, MessagePackSize.OfBinary(data.Length));
                ReadsOnlyTheFirst(forms, (bytes, _) =>
                {
                    int end = MessagePackReader.ReadBinary(bytes, 0, 0, 1000, out var value);
                    Assert.True(end < 0 || value.Span.SequenceEqual(data));
                    return end;
                });
                break;
            case "array" or "map":
                Assert.Equal(forms[0], Compose(kind.Value));
                ReadsOnlyTheFirst(forms, (bytes, _) =>
                {
                    int elements = 1000;
                    return MessagePackReader.Skip(bytes, 0, 8, ref elements);
                });
                break;
            case "ext":
                Extension((sbyte)kind.Value[0].GetInt32(), Hex(kind.Value[1].GetString()!), forms);
                break;
            case "timestamp":
                // The schema's timestamps are integers; the extension is read as what it is.
                Assert.Equal(-1, ExtensionType(forms[0]));
                break;
            default:
                Assert.Fail($"The suite has a kind '{kind.Name}' that this test does not know.");
                break;
        }
    }

    private static void Number(string text, byte[][] forms)
    {
        foreach (var form in forms.Where(f => f[0] is 0xca or 0xcb))
        {
            double expected = double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
            double actual = double.NaN;
            int end = form[0] == 0xca ? MessagePackReader.ReadSingle(form, 0, out float single) : MessagePackReader.ReadDouble(form, 0, out actual);
            if (form[0] == 0xca)
            {
                MessagePackReader.ReadSingle(form, 0, out single);
                actual = single;
                Assert.Equal(form, Write((ref byte to) => ref MessagePackWriter.WriteSingle(ref to, single)));
            }
            else
            {
                Assert.Equal(form, Write((ref byte to) => ref MessagePackWriter.WriteDouble(ref to, actual)));
            }

            Assert.Equal(form.Length, end);
            Assert.Equal(expected, actual);
        }

        if (!BigInteger.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var value))
        {
            return;
        }

        var integers = forms.Where(f => f[0] is not (0xca or 0xcb)).OrderBy(f => f.Length).ToArray();
        if (value >= 0)
        {
            ulong unsigned = (ulong)value;
            var shortest = integers.First(f => f[0] is < 0x80 or (>= 0xcc and <= 0xcf));
            Assert.Equal(shortest, Write((ref byte to) => ref MessagePackWriter.WriteUInt64(ref to, unsigned)));
            Assert.Equal(shortest.Length, MessagePackSize.OfUInt64(unsigned));
            Reads(integers, shortest, bytes =>
            {
                int end = MessagePackReader.ReadUInt64(bytes, 0, out ulong read);
                Assert.True(end < 0 || read == unsigned);
                return end;
            });
        }

        if (value <= long.MaxValue)
        {
            long signed = (long)value;
            var shortest = integers.First(f => value < 0 || f[0] is < 0x80 or (>= 0xcc and <= 0xcf));
            Assert.Equal(shortest, Write((ref byte to) => ref MessagePackWriter.WriteInt64(ref to, signed)));
            Assert.Equal(shortest.Length, MessagePackSize.OfInt64(signed));
            Reads(integers, shortest, bytes =>
            {
                int end = MessagePackReader.ReadInt64(bytes, 0, out long read);
                Assert.True(end < 0 || read == signed);
                return end;
            });
        }
    }

    /// <summary>The shortest form is read, away from the end of the input and at it; all others are refused.</summary>
    private static void Reads(byte[][] forms, byte[] shortest, Func<byte[], int> read)
    {
        foreach (var form in forms)
        {
            byte[] followed = [.. form, .. new byte[16]];
            if (form == shortest)
            {
                Assert.Equal(form.Length, read(form));
                Assert.Equal(form.Length, read(followed));
                Assert.Equal(-(int)DecodeStatus.Truncated, read(form[..^1]));
            }
            else
            {
                Assert.Equal(-(int)DecodeStatus.NotCanonical, read(form));
                Assert.Equal(-(int)DecodeStatus.NotCanonical, read(followed));
            }
        }
    }

    private static void ReadsOnlyTheFirst(byte[][] forms, Func<byte[], int, int> read)
    {
        for (int i = 0; i < forms.Length; i++)
        {
            int expected = i == 0 ? forms[i].Length : -(int)DecodeStatus.NotCanonical;
            Assert.Equal(expected, read(forms[i], i));
        }
    }

    private static void Extension(sbyte type, byte[] data, byte[][] forms)
    {
        Assert.Equal(forms[0], Write((ref byte to) => ref MessagePackWriter.WriteExtension(ref to, type, data)));
        foreach (var form in forms)
        {
            int start = MessagePackReader.ReadExtensionHeader(form, 0, out sbyte readType, out int length);
            if (form == forms[0])
            {
                Assert.Equal(type, readType);
                Assert.Equal(data, form.AsSpan(start, length).ToArray());
            }
            else
            {
                Assert.Equal(-(int)DecodeStatus.NotCanonical, start);
            }

            int elements = 10;
            Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.Skip(form, 0, 8, ref elements));
        }
    }

    private static sbyte ExtensionType(byte[] form)
    {
        int start = MessagePackReader.ReadExtensionHeader(form, 0, out sbyte type, out int length);
        Assert.Equal(form.Length, start + length);
        return type;
    }

    /// <summary>Arrays, maps and what they hold, through the primitive writer.</summary>
    private static byte[] Compose(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => Write((ref byte to) => ref MessagePackWriter.WriteNil(ref to)),
        JsonValueKind.True => Write((ref byte to) => ref MessagePackWriter.WriteBoolean(ref to, true)),
        JsonValueKind.False => Write((ref byte to) => ref MessagePackWriter.WriteBoolean(ref to, false)),
        JsonValueKind.Number => Write((ref byte to) => ref MessagePackWriter.WriteInt64(ref to, value.GetInt64())),
        JsonValueKind.String => Write((ref byte to) => ref MessagePackWriter.WriteString(ref to, value.GetString()!)),
        JsonValueKind.Array =>
            [.. Write((ref byte to) => ref MessagePackWriter.WriteArrayHeader(ref to, value.GetArrayLength())), .. value.EnumerateArray().SelectMany(Compose)],
        JsonValueKind.Object =>
            [
                .. Write((ref byte to) => ref MessagePackWriter.WriteMapHeader(ref to, value.EnumerateObject().Count())),
                .. value.EnumerateObject().SelectMany(p => (byte[])[.. Write((ref byte to) => ref MessagePackWriter.WriteString(ref to, p.Name)), .. Compose(p.Value)]),
            ],
        _ => throw new InvalidOperationException(),
    };

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace("-", ""));

    private static byte[] Write(Put put) => PrimitiveBuffer.Write(put);
}
