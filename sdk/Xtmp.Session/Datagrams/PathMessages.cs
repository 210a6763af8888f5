namespace Xtmp.Session;

/// <summary>
/// Path 0x0E. In datagrams [0, challenge] and [1, challenge echoed], 16 random bytes, padded with zeros to a datagram of
/// 1200 bytes; on the stream [2, epoch, highest sequence, datagram frames received], the receiver's report.
/// </summary>
internal static class PathMessages
{
    public const int ChallengeSize = 16;
    public const int MaxReportLength = 40;
    private const ulong Challenge = 0;
    private const ulong Response = 1;
    private const ulong Report = 2;

    public static void Write(Span<byte> destination, bool isResponse, ReadOnlySpan<byte> challenge)
    {
        destination.Clear();
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Unsigned(isResponse ? Response : Challenge);
        writer.Bytes(challenge);
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, out bool isResponse, out ReadOnlySpan<byte> challenge)
    {
        var reader = new WireReader(payload);
        reader.Array(2);
        isResponse = reader.Unsigned(Response) == Response;
        challenge = reader.Bytes(ChallengeSize);
        return !reader.Failed && PayloadPadding.IsValid(payload, reader.Offset);
    }

    public static int WriteReport(Span<byte> destination, uint epoch, ulong highest, ulong received)
    {
        var writer = new WireWriter(destination);
        writer.Array(4);
        writer.Unsigned(Report);
        writer.Unsigned(epoch);
        writer.Unsigned(highest);
        writer.Unsigned(received);
        return writer.Length;
    }

    public static bool TryReadReport(ReadOnlySpan<byte> payload, out uint epoch, out ulong highest, out ulong received)
    {
        var reader = new WireReader(payload);
        reader.Array(4);
        reader.Require(reader.Unsigned() == Report);
        epoch = (uint)reader.Unsigned(uint.MaxValue);
        highest = reader.Unsigned();
        received = reader.Unsigned();
        return reader.IsComplete;
    }
}
