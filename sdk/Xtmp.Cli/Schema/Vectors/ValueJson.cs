using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Shows values as the language's JSON view does, but without redaction: vectors hold no secrets.</summary>
public sealed class ValueJson(IReadOnlyDictionary<string, object> types)
{
    private readonly ValueEncoder _encoder = new(types);

    public JsonObject Show(StructModel shape, StructValue value)
    {
        JsonObject json = [];
        foreach (FieldModel field in shape.Fields)
        {
            if ((value.Fields.TryGetValue(field.Id, out object? content) ? content : _encoder.DefaultOf(field)) is { } shown)
            {
                json[field.Name] = Show(field.Type, shown);
            }
        }

        if (value.Unknown.Count > 0)
        {
            json["$unknown"] = new JsonObject { ["count"] = value.Unknown.Count, ["raw"] = Runs.Write(value.Unknown.SelectMany(u => u).ToArray()) };
        }

        return json;
    }

    public JsonObject Show(UnionModel union, UnionValue value) => value.Value is byte[] raw
        ? new JsonObject { ["$tag"] = value.Tag, ["$raw"] = Runs.Write(raw) }
        : new JsonObject { [Arm(union, value).Name] = Show((StructModel)types[Arm(union, value).Type.Name], (StructValue)value.Value) };

    private static UnionArmModel Arm(UnionModel union, UnionValue value) => union.Arms.First(a => a.Tag == value.Tag);

    private JsonNode Show(TypeModel type, object value)
    {
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return (bool)value;
            case TypeKind.F32:
                return (float)(double)value;
            case TypeKind.F64:
                return (double)value;
            case TypeKind.String:
                return (string)value;
            case TypeKind.Bytes:
                return Runs.Write((byte[])value);
            case TypeKind.Uuid:
                return new Guid((byte[])value, bigEndian: true).ToString();
            case TypeKind.Timestamp:
                return DateTime.UnixEpoch.AddTicks((long)(BigInteger)value * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            case TypeKind.U64 or TypeKind.I64 or TypeKind.U128 or TypeKind.Duration:
                return ((BigInteger)value).ToString(CultureInfo.InvariantCulture);
            case TypeKind.List:
                return new JsonArray([.. ((List<object>)value).Select(item => Show(type.Element!, item))]);
            case TypeKind.Map:
                JsonObject map = [];
                foreach ((object key, object item) in (List<KeyValuePair<object, object>>)value)
                {
                    JsonNode name = Show(type.Key!, key);
                    map[name.GetValueKind() == System.Text.Json.JsonValueKind.String ? name.GetValue<string>() : name.ToJsonString()] = Show(type.Element!, item);
                }

                return map;
            case TypeKind.Enum:
                return ((EnumModel)types[type.Named!.Name]).Values.FirstOrDefault(v => v.Value == (ulong)(BigInteger)value)?.Name is { } name2 ? name2 : (ulong)(BigInteger)value;
            case TypeKind.Flags:
                return Flags((EnumModel)types[type.Named!.Name], (ulong)(BigInteger)value);
            case TypeKind.Struct:
                return Show((StructModel)types[type.Named!.Name], (StructValue)value);
            case TypeKind.Union:
                return Show((UnionModel)types[type.Named!.Name], (UnionValue)value);
            default:
                return (long)(BigInteger)value;
        }
    }

    /// <summary>The names of the bits, and the rest as a number.</summary>
    private static JsonArray Flags(EnumModel flags, ulong bits)
    {
        JsonArray names = [];
        foreach (EnumValueModel value in flags.Values.Where(v => v.Value != 0 && (bits & v.Value) != 0))
        {
            names.Add(value.Name);
            bits &= ~value.Value;
        }

        if (bits != 0)
        {
            names.Add(bits);
        }

        return names;
    }
}
