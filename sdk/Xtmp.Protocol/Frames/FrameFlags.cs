namespace Xtmp.Protocol;

/// <summary>The <c>flags</c> byte of a frame (SPEC §1). Every bit has a meaning; none is reserved.</summary>
[Flags]
public enum FrameFlags : byte
{
    None = 0,
    Encrypted = 1,
    Compressed = 2,
    PriorityHigh = 4,
    RequiresAck = 8,
    Fragmented = 16,
    LastFragment = 32,
    StreamData = 64,
    Emergency = 128,
}
