using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using global::MessagePack;
using global::MessagePack.Resolvers;
using Xtmp.Messages.Tests;
using Xtmp.Protocol;
using Xtmp.Schema;

namespace Xtmp.MessagePack.Tests;

/// <summary>
/// MessagePack-CSharp as the oracle of the generated codecs: it reads the same bytes without the schema, and every field
/// of the generated object has the value that it found. A failure names the type and the seed.
/// </summary>
public sealed class OracleTests
{
    /// <summary>Random messages over all types together.</summary>
    private const int Messages = 100_000;

    private static readonly MessagePackSerializerOptions Options = MessagePackSerializerOptions.Standard.WithResolver(PrimitiveObjectResolver.Instance);

    public static TheoryData<string> Types => [.. GeneratedType.All.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void reads_the_same_values(string name)
    {
        var type = GeneratedType.All[name];
        for (int seed = 0; seed <= Messages / GeneratedType.All.Count; seed++)
        {
            var bytes = type.Sample(type.Values(seed));
            Assert.Equal(DecodeStatus.Ok, type.DecodeExactly(bytes, out var value, out _));
            Same(type, type.Model, value, Read(bytes), $"{name}, seed {seed}");
        }
    }

    [Fact]
    public void reads_the_same_values_from_every_valid_vector()
    {
        int count = 0;
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Repository.Root, "schema", "vectors"), "*.json"))
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var protocol = document.RootElement.GetProperty("protocol").GetString();
            foreach (var entry in document.RootElement.GetProperty("types").EnumerateArray())
            {
                var type = GeneratedType.All[$"{protocol}.{entry.GetProperty("type").GetString()}"];
                foreach (var vector in entry.GetProperty("valid").EnumerateArray())
                {
                    var bytes = Convert.FromHexString(Runs(vector.GetProperty("hex").GetString()!));
                    Assert.Equal(DecodeStatus.Ok, type.DecodeExactly(bytes, out var value, out _));
                    Same(type, type.Model, value, Read(bytes), $"{type}, {vector.GetProperty("name").GetString()}");
                    count++;
                }
            }
        }

        Assert.True(count > 100, $"{count} vectors");
    }

    private static object? Read(byte[] bytes) => MessagePackSerializer.Deserialize<object?>(bytes, Options);

    private static string Runs(string hex) => System.Text.RegularExpressions.Regex.Replace(
        hex, @"\[([0-9a-f]{2})\*([0-9]+)\]", run => string.Concat(Enumerable.Repeat(run.Groups[1].Value, int.Parse(run.Groups[2].Value, CultureInfo.InvariantCulture))));

    private static void Same(GeneratedType root, object model, object? value, object? read, string path)
    {
        var elements = Assert.IsType<object?[]>(read);
        switch (model)
        {
            case UnionModel union:
                int tag = (int)Property(value!, "Tag")!;
                Assert.Equal(Number(elements[0]), tag);
                if (union.Arms.FirstOrDefault(a => a.Tag == tag) is { } arm)
                {
                    Same(root, root.Types[arm.Type.Name], Property(value!, "Value"), elements[1], $"{path}.{arm.Name}");
                }

                break;
            case MessageModel message:
                Fields(root, message.Shape, value!, elements, path);
                break;
            default:
                Fields(root, (StructModel)model, value!, elements, path);
                break;
        }
    }

    private static void Fields(GeneratedType root, StructModel shape, object value, object?[] elements, string path)
    {
        foreach (var field in shape.Fields)
        {
            var actual = Property(value, field.ClrName);
            var read = field.Id < elements.Length ? elements[field.Id] : null;
            if (read is not null)
            {
                Field(root, field.Type, actual, read, $"{path}.{field.Name}");
            }
            else if (field.Optional)
            {
                Assert.True(actual is null, $"{path}.{field.Name}");
            }
            else
            {
                Assert.True(field.Default is not null, $"{path}.{field.Name} is nil and has no default.");
            }
        }
    }

    private static void Field(GeneratedType root, TypeModel type, object? actual, object? read, string path)
    {
        switch (type.Kind)
        {
            case TypeKind.Bool or TypeKind.F32 or TypeKind.F64 or TypeKind.String:
                Assert.True(Equals(read, actual), $"{path}: {read} and {actual}");
                break;
            case TypeKind.Bytes:
                Assert.True(((ReadOnlyMemory<byte>)actual!).Span.SequenceEqual((byte[])read!), path);
                break;
            case TypeKind.Uuid:
                Assert.True(new Guid((byte[])read!, bigEndian: true).Equals(actual), path);
                break;
            case TypeKind.U128:
                Assert.True((read is byte[] wide ? BinaryPrimitives.ReadUInt128BigEndian(wide) : Convert.ToUInt64(read, CultureInfo.InvariantCulture)) == (UInt128)actual!, path);
                break;
            case TypeKind.Timestamp:
                Assert.True(Number(read) == (((DateTimeOffset)actual!).UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond, path);
                break;
            case TypeKind.Duration:
                Assert.True(Number(read) == ((TimeSpan)actual!).Ticks / TimeSpan.TicksPerMicrosecond, path);
                break;
            case TypeKind.List:
                var items = ((IEnumerable)actual!).Cast<object?>().ToList();
                var elements = (object?[])read!;
                Assert.True(items.Count == elements.Length, path);
                for (int i = 0; i < items.Count; i++)
                {
                    Field(root, type.Element!, items[i], elements[i], $"{path}[{i}]");
                }

                break;
            case TypeKind.Map:
                var pairs = ((IEnumerable)actual!).Cast<object>().ToList();
                var entries = ((IDictionary<object, object?>)read!).ToList();
                Assert.True(pairs.Count == entries.Count, path);
                for (int i = 0; i < pairs.Count; i++)
                {
                    Field(root, type.Key!, Property(pairs[i], "Key"), entries[i].Key, $"{path}[{i}].key");
                    Field(root, type.Element!, Property(pairs[i], "Value"), entries[i].Value, $"{path}[{i}]");
                }

                break;
            case TypeKind.Struct or TypeKind.Union:
                Same(root, root.Types[type.Named!.Name], actual, read, path);
                break;
            default:
                Assert.True(Number(read) == Number(actual), $"{path}: {read} and {actual}");
                break;
        }
    }

    private static BigInteger Number(object? value) => value switch
    {
        ulong wide => wide,
        Enum named => Number(Convert.ChangeType(named, Enum.GetUnderlyingType(named.GetType()), CultureInfo.InvariantCulture)),
        _ => Convert.ToInt64(value, CultureInfo.InvariantCulture),
    };

    private static object? Property(object value, string name) => value.GetType().GetProperty(name)!.GetValue(value);
}
