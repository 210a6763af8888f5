namespace Xtmp.Gateway;

/// <summary>Calls that have ended and may serve again, kept by the thread that answered them: it is mostly the one that reads the next.</summary>
internal static class InboundCalls
{
    // Of a thread: some ten kilobytes at most, whatever was under way at one time.
    private const int MaxKept = 256;

    [ThreadStatic]
    private static Stack<InboundCall>? t_kept;

    public static InboundCall Take() => t_kept is { } kept && kept.TryPop(out var call) ? call : new InboundCall();

    public static void Give(InboundCall call)
    {
        if (call.TryReset() && (t_kept ??= new()) is { Count: < MaxKept } kept)
        {
            kept.Push(call);
        }
    }
}
