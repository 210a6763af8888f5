using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Makes values of any type, the same ones for the same schema: what looks random is a hash of the place.</summary>
public sealed class ValueMaker(IReadOnlyDictionary<string, object> types)
{
    /// <summary>Longer strings and bytes prove nothing more; it lies beyond the one-byte lengths.</summary>
    private const int LongestText = 300;

    /// <summary>Beyond the one-byte counts.</summary>
    private const int MaxSimpleItems = 17;
    private const int MaxStructItems = 2;
    private const int MaxDepth = 4;
    private const int LongestMixedBytes = 64;

    /// <summary>2026-11-20T00:00:00Z in µs.</summary>
    private const long TypicalTime = 1_795_132_800_000_000;

    private readonly IReadOnlyDictionary<string, int> _heights = TypeHeights.Of(types);

    public StructValue Make(StructModel shape, VectorVariant variant, int arm, string path, int depth = 0)
    {
        Dictionary<int, object> fields = [];
        foreach (FieldModel field in shape.Fields)
        {
            bool recursing = depth > MaxDepth && !field.Required;
            if ((variant != VectorVariant.Min && !recursing) || field.Required)
            {
                fields[field.Id] = MakeField(field, variant, arm, $"{path}.{field.Name}", depth);
            }
        }

        return new(fields, []);
    }

    public UnionValue Make(UnionModel union, VectorVariant variant, int arm, string path, int depth = 0)
    {
        // Deep down the arm that ends soonest is taken, so that types that hold themselves come to an end.
        UnionArmModel chosen = depth > MaxDepth ? union.Arms.MinBy(a => _heights[a.Type.Name])! : union.Arms[arm % union.Arms.Count];
        return new(chosen.Tag, Make((StructModel)types[chosen.Type.Name], variant, arm, $"{path}.{chosen.Name}", depth + 1));
    }

    /// <summary>A value of the field; for a boolean with a default the other one, so that it shows on the wire.</summary>
    public object MakeField(FieldModel field, VectorVariant variant, int arm, string path, int depth) =>
        field.Default?.Boolean is { } defaultValue ? !defaultValue : Make(field.Type, variant, arm, path, depth);

    private object Make(TypeModel type, VectorVariant variant, int arm, string path, int depth) => type.Kind switch
    {
        TypeKind.Bool => variant != VectorVariant.Min,
        TypeKind.F32 => (double)(float)Number(type, variant, path, float.MaxValue),
        TypeKind.F64 => Number(type, variant, path, double.MaxValue),
        TypeKind.String => TextMaker.Make(type, variant, path, LongestText),
        TypeKind.Bytes => Bytes(type, variant, path),
        TypeKind.Uuid => variant switch { VectorVariant.Min => new byte[16], VectorVariant.Typical => Uuid(path), _ => [.. Enumerable.Repeat((byte)0xFF, 16)] },
        TypeKind.List => List(type, variant, arm, path, depth),
        TypeKind.Map => Map(type, variant, arm, path, depth),
        TypeKind.Enum => Choose([.. ((EnumModel)types[type.Named!.Name]).Values.Select(v => (BigInteger)v.Value)], variant),
        TypeKind.Flags => Choose([0, ((EnumModel)types[type.Named!.Name]).Values[^1].Value, ((EnumModel)types[type.Named!.Name]).Values.Aggregate(0UL, (bits, v) => bits | v.Value)], variant),
        TypeKind.Struct => Make((StructModel)types[type.Named!.Name], variant, arm, path, depth + 1),
        TypeKind.Union => Make((UnionModel)types[type.Named!.Name], variant, arm, path, depth + 1),
        _ => Integer(type, variant, path),
    };

    private static BigInteger Integer(TypeModel type, VectorVariant variant, string path)
    {
        (BigInteger low, BigInteger high) = IntegerRange.Of(type.Kind)!.Value;
        (low, high) = (type.Min ?? low, type.Max ?? high);
        if (variant == VectorVariant.Typical && type is { Kind: TypeKind.Timestamp, Min: null, Max: null })
        {
            return TypicalTime + (long)(Hash(path) % 86_400_000_000);
        }

        // A third of a typical type's range is used, so that small and large encodings both come up.
        return variant switch
        {
            VectorVariant.Min => low,
            VectorVariant.Max => high,
            _ => low + (Hash(path) % (BigInteger.Min(high - low, BigInteger.One << (int)(8 + (Hash(path + "#") % 56))) + 1)),
        };
    }

    private static double Number(TypeModel type, VectorVariant variant, string path, double max)
    {
        double low = type.MinNumber ?? -max;
        double high = type.MaxNumber ?? max;
        return variant switch
        {
            VectorVariant.Min => low,
            VectorVariant.Max => high,
            _ => Math.Clamp(((double)(Hash(path) % 1_000) + 0.5) / 1024, low, high),
        };
    }

    private static byte[] Bytes(TypeModel type, VectorVariant variant, string path)
    {
        int length = variant switch
        {
            VectorVariant.Min => type.MinLength,
            VectorVariant.Typical => Math.Clamp(16, type.MinLength, type.MaxLength),
            _ => Math.Max(type.MinLength, Math.Min(type.MaxLength, LongestText)),
        };
        byte[] bytes = new byte[length];
        if (variant == VectorVariant.Max)
        {
            Array.Fill(bytes, (byte)0xFF);
        }
        else if (variant == VectorVariant.Typical && length > LongestMixedBytes)
        {
            // Keys and signatures are one byte over and over, which a vector file writes as a run.
            Array.Fill(bytes, (byte)Hash(path));
        }
        else if (variant == VectorVariant.Typical)
        {
            Fill(path, bytes);
        }

        return bytes;
    }

    private static byte[] Uuid(string path)
    {
        byte[] bytes = new byte[16];
        Fill(path, bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return bytes;
    }

    private List<object> List(TypeModel type, VectorVariant variant, int arm, string path, int depth) =>
        [.. Enumerable.Range(0, Count(type, type.Element!, variant, depth)).Select(i => Make(type.Element!, variant, arm, $"{path}[{i}]", depth + 1))];

    private List<KeyValuePair<object, object>> Map(TypeModel type, VectorVariant variant, int arm, string path, int depth)
    {
        List<KeyValuePair<object, object>> entries = [];
        ValueEncoder encoder = new(types);
        HashSet<string> keys = [];
        for (int i = 0; i < Count(type, type.Element!, variant, depth); i++)
        {
            // Keys come from their place in every variant: least and greatest ones would all be the same.
            object key = Make(type.Key!, VectorVariant.Typical, arm, $"{path}{{{i}}}", depth + 1);
            if (keys.Add(Convert.ToHexString(encoder.Encode(type.Key!, key))))
            {
                entries.Add(new(key, Make(type.Element!, variant, arm, $"{path}[{i}]", depth + 1)));
            }
        }

        return entries;
    }

    private static int Count(TypeModel type, TypeModel element, VectorVariant variant, int depth)
    {
        if (variant == VectorVariant.Min || depth > MaxDepth)
        {
            return type.MinLength;
        }

        bool simple = element.Kind is not (TypeKind.Struct or TypeKind.Union or TypeKind.List or TypeKind.Map);
        int wanted = variant == VectorVariant.Typical ? 2 : simple ? MaxSimpleItems : MaxStructItems;
        return Math.Clamp(wanted, type.MinLength, type.MaxLength);
    }

    private static object Choose(BigInteger[] values, VectorVariant variant) =>
        variant switch { VectorVariant.Min => values[0], VectorVariant.Typical => values[values.Length / 2], _ => values[^1] };

    internal static ulong Hash(string path) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(path)));

    /// <summary>As many bytes as wanted from a name: SHA-256 in counter mode.</summary>
    private static void Fill(string path, Span<byte> destination)
    {
        for (int block = 0; block * 32 < destination.Length; block++)
        {
            Span<byte> rest = destination[(block * 32)..];
            SHA256.HashData(Encoding.UTF8.GetBytes(path + "/" + block)).AsSpan(0, Math.Min(32, rest.Length)).CopyTo(rest);
        }
    }
}
