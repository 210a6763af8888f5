namespace Xtmp.Cli.Schema.Vectors;

/// <summary>
/// A value of a struct or message while vectors are made. Values of other types are plain objects: bool, BigInteger (integers,
/// enums, timestamps, durations), double, string, byte[] (bytes and uuids), lists, and maps as lists of pairs.
/// </summary>
/// <param name="Fields">By id; absent ones are not there.</param>
/// <param name="Unknown">Encoded elements behind the last known field.</param>
public sealed record StructValue(IReadOnlyDictionary<int, object> Fields, IReadOnlyList<byte[]> Unknown);

/// <summary>A value of a union: a known arm's struct, or the raw bytes of one this schema does not know.</summary>
public sealed record UnionValue(int Tag, object Value);
