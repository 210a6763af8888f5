namespace Xtmp.Storage;

/// <summary>One committed entry of a grain.</summary>
public readonly record struct GrainEntry(string Key, ReadOnlyMemory<byte> Value);
