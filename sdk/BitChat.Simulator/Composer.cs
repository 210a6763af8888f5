using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>
/// A Byzantine proposer that chooses what its values hold: nothing of others, times at the edges of what is tolerated, the end of a
/// roll together with a bet and the next end of betting, seats for those that did not ask again, and expulsions that nothing proves.
/// </summary>
internal sealed class Composer(Life life, SimulatedPeer peer, PeerSecrets secrets)
{
    private readonly SeededRandom _random = new(life.Options.Seed, 800 + (ulong)peer.Number);
    private (ulong Height, uint Round, ProposedValue Value)? _last;

    /// <summary>The value that it proposes in place of its peer's; the same to all.</summary>
    public ProposedValue Compose(Proposal proposal)
    {
        var state = peer.Peer.State;
        if (proposal.Height != state.Height + 1 || proposal.ProofOfLockRound is not null || state.Seats?.Find(secrets.PeerId.Span) is not { } self)
        {
            return proposal.Value;
        }

        if (_last is not { } last || (last.Height, last.Round) != (proposal.Height, proposal.Round))
        {
            _last = last = (proposal.Height, proposal.Round, Make(state, self, proposal.Value));
        }

        return last.Value;
    }

    private ProposedValue Make(TableState state, int self, ProposedValue value)
    {
        // What proves nothing and what is early it puts in all the same.
        var rules = new TableRules(secrets.Signatures, secrets.Group, new ProofCache()) { Mutations = new() { VerifiesEvidence = false } };
        var sequence = state.Snapshot.Sequences[self].Last + 64;
        GameOperation[] Signed(params TableOperation[] bodies) => [.. bodies.Select(body => Sign(sequence++, body))];
        ProposedValue Build(IEnumerable<GameOperation> operations, int milliseconds = 0) => rules.Build(state, operations, life.Clock + TimeSpan.FromMilliseconds(milliseconds), static (_, _) => { });

        if (state.Game.AwaitsRoll && _random.Chance(0.7))
        {
            // A roll whose outcome it can foresee, undone by a clock that is ahead.
            GamePlay bet = new() { Body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 1 }) };
            TableOperation[] abort = [new RollAbort { Roll = state.Game.Roll, Reveals = [.. peer.Peer.Reveals] }, bet];
            return Build(Signed(state.Game.Close is { } next ? [.. abort, new GamePlay { Body = next }] : abort), 29_000);
        }

        return _random.Next(5) switch
        {
            0 => Build([]),
            1 => Build(value.Operations, (_random.Chance(0.5) ? 1 : -1) * _random.Next(28_000, 31_000)),
            2 when state.Game.Close is { } close => Build(Signed(new GamePlay { Body = close })),
            3 when life.Replay?.Request is { } request => Build(Signed(new SeatAdmission { Request = request })),
            4 when life.Replay?.FalseEvidence() is var (accused, evidence) => Build(Signed(new SeatExpulsion { Accused = accused, Evidence = evidence })),
            _ => value,
        };
    }

    private GameOperation Sign(ulong sequence, TableOperation body)
    {
        var unsigned = new GameOperation { OperationId = (byte[])[.. BitConverter.GetBytes(sequence), .. new byte[8]], Player = secrets.PeerId, Sequence = sequence, Body = EncodedOperation.Of(body), Signature = default };
        return unsigned with { Signature = secrets.Signatures.Sign(PeerIds.OperationText(life.Genesis.GameId.Span, unsigned)) };
    }
}
