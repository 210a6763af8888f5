namespace Xtmp.Crypto;

/// <summary>Domain separation bits of the compression function, BLAKE3 paper table 3.</summary>
[Flags]
internal enum Blake3Flags : uint
{
    None = 0,
    ChunkStart = 1,
    ChunkEnd = 2,
    Parent = 4,
    Root = 8,
    KeyedHash = 16,
    DeriveKeyContext = 32,
    DeriveKeyMaterial = 64,
}
