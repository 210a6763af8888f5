using System.Buffers;
using Xtmp.Protocol;
using System.Text.Json;
using Xtmp.Schema;

namespace Xtmp.Messages.Tests;

/// <summary>A generated struct, union or message with its model, for tests that run over all of them.</summary>
public abstract class GeneratedType
{
    internal static IReadOnlyDictionary<string, GeneratedType> All { get; } = Load();

    /// <summary>Name within its schema, and the schema's protocol before it.</summary>
    public string Name { get; private set; } = "";

    internal object Model { get; private set; } = "";

    internal IReadOnlyDictionary<string, object> Types { get; private set; } = new Dictionary<string, object>();

    internal StructModel? Shape => Model switch
    {
        StructModel shape => shape,
        MessageModel message => message.Shape,
        _ => null,
    };

    internal bool HasSecrets =>
        Reached(new HashSet<string>(), Name[(Name.IndexOf('.') + 1)..]).Any(type =>
            type is StructModel { } shape && shape.Fields.Any(f => f.Secret) || type is MessageModel { } message && message.Shape.Fields.Any(f => f.Secret));

    internal WireValues Values(int seed) => new(Types, seed);

    internal byte[] Sample(WireValues values) => values.Named(Name[(Name.IndexOf('.') + 1)..]);

    public abstract DecodeStatus Decode(ReadOnlySpan<byte> source, DecodeLimits limits, out IXtmpStruct? value, out int consumed, out DecodeError error);

    public abstract DecodeStatus DecodeExactly(ReadOnlySpan<byte> source, out IXtmpStruct? value, out DecodeError error);

    public abstract DecodeStatus Decode(ReadOnlySequence<byte> source, out IXtmpStruct? value, out long consumed, out DecodeError error);

    public abstract IXtmpStruct FromJson(string json);

    public override string ToString() => Name;

    private static Dictionary<string, GeneratedType> Load()
    {
        var all = new Dictionary<string, GeneratedType>();
        foreach (var path in Directory.EnumerateFiles(Repository.Path("schema"), "*.yaml").Append(Repository.Path("tests/Xtmp.Messages.Tests/torture.yaml")))
        {
            var result = SchemaReader.Read(path, File.ReadAllText(path), import => Import(path, import));
            var model = result.Model ?? throw new InvalidOperationException(string.Join("\n", result.Diagnostics));
            var types = TypeGraph.Of(model).All;
            foreach (var (name, type) in types.Where(t => t.Value is StructModel or UnionModel or MessageModel))
            {
                var clr = Find($"{model.Namespace}.{name}");
                var generated = (GeneratedType)Activator.CreateInstance(typeof(Typed<>).MakeGenericType(clr))!;
                all[$"{model.Protocol}.{name}"] = generated.With($"{model.Protocol}.{name}", type, types);
            }
        }

        return all;
    }

    private static string? Import(string importer, string import)
    {
        var path = Path.IsPathRooted(import) ? import : Path.Combine(Path.GetDirectoryName(importer)!, import);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    private static Type Find(string name) =>
        typeof(WalletTransaction).Assembly.GetType(name) ?? typeof(GeneratedType).Assembly.GetType(name)
        ?? throw new InvalidOperationException($"Nothing was generated for {name}.");

    private GeneratedType With(string name, object model, IReadOnlyDictionary<string, object> types)
    {
        Name = name;
        Model = model;
        Types = types;
        return this;
    }

    private IEnumerable<object> Reached(HashSet<string> seen, string name)
    {
        if (!seen.Add(name))
        {
            yield break;
        }

        yield return Types[name];
        foreach (var inner in TypeGraph.Uses(Types[name]).SelectMany(used => Reached(seen, used)))
        {
            yield return inner;
        }
    }

    private sealed class Typed<T> : GeneratedType
        where T : class, IXtmpStruct<T>
    {
        public override DecodeStatus Decode(ReadOnlySpan<byte> source, DecodeLimits limits, out IXtmpStruct? value, out int consumed, out DecodeError error)
        {
            var status = T.TryDecode(source, limits, out var typed, out consumed, out error);
            value = typed;
            return status;
        }

        public override DecodeStatus DecodeExactly(ReadOnlySpan<byte> source, out IXtmpStruct? value, out DecodeError error)
        {
            var status = XtmpCodec.TryDecodeExactly<T>(source, DecodeLimits.Untrusted, out var typed, out error);
            value = typed;
            return status;
        }

        public override DecodeStatus Decode(ReadOnlySequence<byte> source, out IXtmpStruct? value, out long consumed, out DecodeError error)
        {
            var status = XtmpCodec.TryDecode<T>(source, DecodeLimits.Untrusted, out var typed, out consumed, out error);
            value = typed;
            return status;
        }

        public override IXtmpStruct FromJson(string json)
        {
            using var document = JsonDocument.Parse(json);
            return T.ReadJson(document.RootElement);
        }
    }
}
