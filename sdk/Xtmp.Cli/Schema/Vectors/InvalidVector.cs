namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Bytes that a reader refuses.</summary>
/// <param name="Name">What is wrong with them.</param>
/// <param name="Status">A DecodeStatus of Xtmp.Protocol by name.</param>
/// <param name="Field">The way to the field at fault, as deep as a reader can know it; null for the value as a whole, and where it is cut off.</param>
public sealed record InvalidVector(string Name, byte[] Bytes, string Status, string? Field);
