using System.Globalization;
using System.Text.Json.Nodes;
using Xtmp.Protocol;
using Xtmp.Protocol.MessagePack;
using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>
/// Shows an encoded message as the language's JSON view, by the schema's model; secrets are redacted. The bytes come from
/// a peer: <see cref="RawMessage"/> has bounded their depth and count, and what does not fit the schema is refused here.
/// </summary>
public sealed class ReplyReader(IReadOnlyDictionary<string, object> types, ReadOnlyMemory<byte> encoded)
{
    private int _at;

    /// <exception cref="XtmpException">Peer fault: the bytes are not of that shape.</exception>
    public JsonObject Read(StructModel shape)
    {
        int count = Header(shape.Name, map: false);
        JsonObject json = [];
        for (int id = 0; id < count; id++)
        {
            FieldModel? field = shape.Fields.FirstOrDefault(f => f.Id == id);
            if (field is null || encoded.Span[_at] == MessagePackCode.Nil)
            {
                Skip(shape.Name);
            }
            else if (field.Secret)
            {
                Skip(field.Name);
                json[field.Name] = "[redacted]";
            }
            else
            {
                json[field.Name] = Read(field.Type, field.Name);
            }
        }

        foreach (FieldModel field in shape.Fields.Where(f => f.Default is not null && !json.ContainsKey(f.Name)))
        {
            json[field.Name] = Default(field);
        }

        return json;
    }

    private JsonNode? Read(TypeModel type, string name)
    {
        ReadOnlySpan<byte> source = encoded.Span;
        switch (type.Kind)
        {
            case TypeKind.Bool:
                Take(MessagePackReader.ReadBoolean(source, _at, out bool boolean), name);
                return boolean;
            case TypeKind.F32:
                Take(MessagePackReader.ReadSingle(source, _at, out float single), name);
                return single;
            case TypeKind.F64:
                Take(MessagePackReader.ReadDouble(source, _at, out double real), name);
                return real;
            case TypeKind.String:
                Take(MessagePackReader.ReadString(source, _at, type.MinLength, type.MaxLength, out string text), name);
                return text;
            case TypeKind.Bytes:
                Take(MessagePackReader.ReadBinary(source, _at, type.MinLength, type.MaxLength, out ReadOnlyMemory<byte> bytes), name);
                return Convert.ToHexStringLower(bytes.Span);
            case TypeKind.Uuid:
                Take(MessagePackReader.ReadUuid(source, _at, out Guid uuid), name);
                return uuid.ToString();
            case TypeKind.Timestamp:
                Take(MessagePackReader.ReadTimestamp(source, _at, out DateTimeOffset time), name);
                return time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            case TypeKind.U128:
                Take(MessagePackReader.ReadUInt128(source, _at, out UInt128 wide), name);
                return wide.ToString(CultureInfo.InvariantCulture);
            case TypeKind.I64 or TypeKind.Duration:
                Take(MessagePackReader.ReadInt64(source, _at, out long signed), name);
                return signed.ToString(CultureInfo.InvariantCulture);
            case TypeKind.I8 or TypeKind.I16 or TypeKind.I32:
                Take(MessagePackReader.ReadInt64(source, _at, out long small), name);
                return small;
            case TypeKind.U64:
                Take(MessagePackReader.ReadUInt64(source, _at, out ulong unsigned), name);
                return unsigned.ToString(CultureInfo.InvariantCulture);
            case TypeKind.List:
                return new JsonArray([.. Enumerable.Range(0, Header(name, map: false)).Select(_ => Read(type.Element!, name))]);
            case TypeKind.Map:
                JsonObject map = [];
                for (int left = Header(name, map: true); left > 0; left--)
                {
                    string key = Read(type.Key!, name)!.ToString();
                    map[key] = Read(type.Element!, name);
                }

                return map;
            case TypeKind.Enum or TypeKind.Flags:
                Take(MessagePackReader.ReadUInt64(source, _at, out ulong value), name);
                return Named((EnumModel)types[type.Named!.Name], value);
            case TypeKind.Struct:
                return Read((StructModel)types[type.Named!.Name]);
            case TypeKind.Union:
                return Union((UnionModel)types[type.Named!.Name], name);
            default:
                Take(MessagePackReader.ReadUInt32(source, _at, out uint number), name);
                return number;
        }
    }

    private JsonObject Union(UnionModel union, string name)
    {
        if (Header(name, map: false) != 2)
        {
            throw Malformed(name, "a union has two elements");
        }

        Take(MessagePackReader.ReadUInt16(encoded.Span, _at, out ushort tag), name);
        if (union.Arms.FirstOrDefault(a => a.Tag == tag) is { } arm)
        {
            return new JsonObject { [arm.Name] = Read((StructModel)types[arm.Type.Name]) };
        }

        int start = _at;
        Skip(name);
        return new JsonObject { ["$tag"] = tag, ["$raw"] = Convert.ToHexStringLower(encoded.Span[start.._at]) };
    }

    private static JsonNode Named(EnumModel model, ulong value)
    {
        if (!model.IsFlags)
        {
            return model.Values.FirstOrDefault(v => v.Value == value)?.Name is { } name ? name : value;
        }

        JsonArray names = [.. model.Values.Where(v => v.Value != 0 && (value & v.Value) != 0).Select(v => (JsonNode)v.Name)];
        ulong rest = model.Values.Aggregate(value, (bits, v) => bits & ~v.Value);
        if (rest != 0)
        {
            names.Add((JsonNode)rest);
        }

        return names;
    }

    private static JsonNode? Default(FieldModel field) => field.Default switch
    {
        { Boolean: { } boolean } => boolean,
        { Integer: { } integer } => field.Type.Kind is TypeKind.U64 or TypeKind.I64 or TypeKind.U128 or TypeKind.Duration
            ? integer.ToString(CultureInfo.InvariantCulture) : (long)integer,
        { Number: { } number } => number,
        { Text: { } text } => text,
        var other => other?.Member,
    };

    private int Header(string name, bool map)
    {
        int count;
        Take(map ? MessagePackReader.ReadMapHeader(encoded.Span, _at, out count) : MessagePackReader.ReadArrayHeader(encoded.Span, _at, out count), name);
        return count;
    }

    private void Skip(string name)
    {
        int elements = int.MaxValue;
        Take(MessagePackReader.Skip(encoded.Span, _at, DecodeLimits.Untrusted.MaxDepth, ref elements), name);
    }

    private void Take(int end, string name)
    {
        if (end < 0)
        {
            throw Malformed(name, string.Create(CultureInfo.InvariantCulture, $"{(DecodeStatus)(-end)} at byte {_at}"));
        }

        _at = end;
    }

    private static XtmpException Malformed(string field, string what) =>
        new(XtmpErrorCode.PayloadMalformed, Fault.Peer, $"The answer does not fit the schema: {what}.", field);
}
