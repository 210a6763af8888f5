namespace Xtmp.Protocol;

/// <summary>The <c>kind</c> byte of a frame and of a batch entry (SPEC §1).</summary>
public enum FrameKind : byte
{
    OneWay = 0,
    Request = 1,
    Response = 2,
    StreamItem = 3,
    StreamEnd = 4,
    Ack = 5,
    Error = 6,
    Cancel = 7,
}
