using System.Reflection;
using System.Text.Json;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Fuzz;

/// <summary>The generated decoders: what one accepts has one encoding, the one that was read, and breaks no constraint.</summary>
internal static class MessageTarget
{
    private static readonly SortedDictionary<string, FuzzBody> ByName = new(StringComparer.Ordinal);
    private static readonly FuzzBody[] Decoders = Discover();

    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>The valid vectors, each with the number of its type before it.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        var numbers = ByName.Keys.Select((name, number) => (name, number)).ToDictionary(pair => pair.name, pair => pair.number, StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "vectors"), "*.json").Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var type in document.RootElement.GetProperty("types").EnumerateArray())
            {
                if (!numbers.TryGetValue(type.GetProperty("type").GetString()!, out var number))
                {
                    continue;
                }

                foreach (var vector in type.GetProperty("valid").EnumerateArray())
                {
                    byte[] seed = [(byte)number, (byte)(number >> 8), .. Corpus.FromHex(vector.GetProperty("hex").GetString()!)];
                    if (seed.Length <= Mutator.MaxLength)
                    {
                        yield return seed;
                    }
                }
            }
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length >= 2)
        {
            Decoders[(input[0] | (input[1] << 8)) % Decoders.Length](input[2..]);
        }
    }

    private static FuzzBody[] Discover()
    {
        var decode = typeof(MessageTarget).GetMethod(nameof(Decode), BindingFlags.Static | BindingFlags.NonPublic)!;
        foreach (var type in typeof(XtmpCatalogue).Assembly.GetTypes())
        {
            if (!type.IsAbstract && !type.IsInterface && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IXtmpStruct<>) && i.GetGenericArguments()[0] == type))
            {
                ByName.TryAdd(type.Name, decode.MakeGenericMethod(type).CreateDelegate<FuzzBody>());
            }
        }

        return [.. ByName.Values];
    }

    private static void Decode<T>(ReadOnlySpan<byte> source)
        where T : class, IXtmpStruct<T>
    {
        var status = T.TryDecode(source, DecodeLimits.Untrusted, out var value, out var consumed, out var error);
        if (status != DecodeStatus.Ok)
        {
            Find.Unless(value is null && error.Status == status && error.Offset >= 0 && error.Offset <= source.Length, $"{typeof(T).Name}: the error {error} is outside the input.");
            return;
        }

        Find.Unless(value!.TryValidate(out var broken), $"{typeof(T).Name}: what was read breaks a constraint: {broken}.");
        var buffer = _buffer ??= new byte[2 * Mutator.MaxLength];
        var size = value.GetEncodedSize();
        Find.Unless(size == consumed, $"{typeof(T).Name}: {consumed} bytes were read, {size} would be written.");
        Find.Unless(value.Encode(buffer) == size && source[..consumed].SequenceEqual(buffer.AsSpan(0, size)), $"{typeof(T).Name}: it is not written as it was read.");
    }
}
