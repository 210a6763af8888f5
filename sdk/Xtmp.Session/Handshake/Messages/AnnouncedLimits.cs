namespace Xtmp.Session;

/// <summary>
/// The limits an end tells its peer: <c>[max_message_bytes, max_concurrent_requests, initial_stream_credit]</c>.
/// The client's are in its hello's extension 1, the server's in Params.
/// </summary>
internal readonly record struct AnnouncedLimits(int MaxMessageBytes, int MaxConcurrentRequests, int InitialStreamCredit)
{
    /// <summary>What holds for a peer that announces none.</summary>
    public static AnnouncedLimits Default { get; } = From(SessionLimits.Default);

    public static AnnouncedLimits From(SessionLimits limits) =>
        new(limits.MaxMessageBytes, limits.MaxConcurrentRequests, limits.InitialStreamCredit);

    public static AnnouncedLimits Read(ref WireReader reader)
    {
        reader.Array(3);
        return new(
            (int)reader.Unsigned(int.MaxValue),
            (int)reader.Unsigned(int.MaxValue),
            (int)reader.Unsigned(int.MaxValue));
    }

    public void Write(ref WireWriter writer)
    {
        writer.Array(3);
        writer.Unsigned((ulong)MaxMessageBytes);
        writer.Unsigned((ulong)MaxConcurrentRequests);
        writer.Unsigned((ulong)InitialStreamCredit);
    }
}
