using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Priority as the two flags that carry it (SPEC §8, 12).</summary>
internal static class MessageFlags
{
    public static FrameFlags ToFlags(this MessagePriority priority) => priority switch
    {
        MessagePriority.Emergency => FrameFlags.Emergency,
        MessagePriority.High => FrameFlags.PriorityHigh,
        _ => FrameFlags.None,
    };

    public static MessagePriority ToPriority(this FrameFlags flags) =>
        (flags & FrameFlags.Emergency) != 0 ? MessagePriority.Emergency
        : (flags & FrameFlags.PriorityHigh) != 0 ? MessagePriority.High
        : MessagePriority.Normal;
}
