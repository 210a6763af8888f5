using System.Buffers.Binary;
using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// Replays a table from its certificates and dice proofs alone. The first state is taken at its word: who were the seats and what
/// they brought must be known from elsewhere. All that follows is proved, so that any changed byte shows.
/// </summary>
/// <param name="signatures">Verifies; need not sign.</param>
/// <param name="group">The coin's group.</param>
public sealed class TranscriptVerifier(ISeatSignatures signatures, CoinGroup group)
{
    /// <summary>Bytes of a record.</summary>
    public const int MaxRecord = 1_024 * 1_024;

    private readonly TableRules _rules = new(signatures, group, new ProofCache());

    internal static ReadOnlySpan<byte> Magic => "BITCHAT1"u8;

    /// <summary>A verifier of real tables: Ed25519, ML-DSA-87 and P-256.</summary>
    public static TranscriptVerifier Create() => new(new Ed25519Verifier(), P256Group.Instance);

    public TranscriptReport Verify(ReadOnlySpan<byte> transcript)
    {
        var rolls = new List<TranscriptRoll>();
        var expulsions = new List<TranscriptExpulsion>();
        TableState? state = null;
        ReadOnlyMemory<byte> closer = default;
        TranscriptReport Fault(string what, int offset) => new(what, offset, state, rolls, expulsions);

        if (!transcript.StartsWith(Magic))
        {
            return Fault("it does not begin with BITCHAT1", 0);
        }

        for (var offset = Magic.Length; offset < transcript.Length;)
        {
            if (transcript.Length - offset < 4
                || BinaryPrimitives.ReadUInt32BigEndian(transcript[offset..]) is var length && (length > MaxRecord || length > (uint)(transcript.Length - offset - 4)))
            {
                return Fault("a record is cut short", offset);
            }

            var record = EncodedOperation.Parse<TranscriptRecord>(transcript.Slice(offset + 4, (int)length));
            switch (record)
            {
                case TranscriptRecord.StartArm { Value: var start } when state is null:
                    state = TableState.Parse(start.GameId, 0, start.State);
                    if (state is null)
                    {
                        return Fault("the first state is none", offset);
                    }

                    break;
                case TranscriptRecord.DecidedArm { Value: var decided } when state is { Seats: { } seats }:
                    if (state.Height == 0 && !decided.Value.PreviousStateRoot.Span.SequenceEqual(state.Root))
                    {
                        return Fault("the first state is not the one that was played on", Magic.Length);
                    }

                    if (!Certificates.Verify(seats, signatures, decided))
                    {
                        return Fault($"the certificate of height {decided.Value.Height} proves nothing", offset);
                    }

                    if (_rules.Apply(state, decided.Value, out var fault) is not { } after)
                    {
                        return Fault($"height {decided.Value.Height} does not follow: {fault}", offset);
                    }

                    Note(decided, ref closer, rolls, expulsions);
                    state = after;
                    break;
                case TranscriptRecord.EndArm { Value: var end } when state is not null:
                    return end.Height != state.Height || !end.StateRoot.Span.SequenceEqual(state.Root) ? Fault("the end is another state's", offset)
                        : offset + 4 + (int)length != transcript.Length ? Fault("something follows the end", offset + 4 + (int)length)
                        : new TranscriptReport(null, transcript.Length, state, rolls, expulsions);
                default:
                    return Fault("a record is none, or not at its place", offset);
            }

            offset += 4 + (int)length;
        }

        return Fault("it has no end", transcript.Length);
    }

    /// <summary>Whoever played last before a roll has ended betting; by the time that the roll comes another seat may lead.</summary>
    private static void Note(DecidedValue decided, ref ReadOnlyMemory<byte> closer, List<TranscriptRoll> rolls, List<TranscriptExpulsion> expulsions)
    {
        foreach (var operation in decided.Value.Operations)
        {
            switch (EncodedOperation.Parse<TableOperation>(operation.Body.Span))
            {
                case TableOperation.PlayArm:
                    closer = operation.Player;
                    break;
                case TableOperation.RollArm { Value: var outcome }:
                    rolls.Add(new TranscriptRoll(outcome.Roll, decided.Value.Height, closer, outcome.Randomness, IsAborted: false));
                    break;
                case TableOperation.AbortArm { Value: var abort }:
                    rolls.Add(new TranscriptRoll(abort.Roll, decided.Value.Height, closer, default, IsAborted: true));
                    break;
                case TableOperation.ExpelArm { Value: var expulsion }:
                    expulsions.Add(new TranscriptExpulsion(expulsion.Accused, decided.Value.Height, expulsion.Evidence));
                    break;
            }
        }
    }
}
