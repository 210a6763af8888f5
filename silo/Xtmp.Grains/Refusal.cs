using Xtmp.Protocol;

namespace Xtmp.Grains;

/// <summary>What a grain answers when the caller asked for something it may not have, or that makes no sense.</summary>
internal static class Refusal
{
    public static XtmpException Of(XtmpErrorCode code, string message, string? field = null, bool retryable = false) =>
        new(code, Fault.Peer, message, field, retryable);
}
