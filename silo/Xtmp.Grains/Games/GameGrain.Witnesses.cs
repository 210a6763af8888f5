using System.Globalization;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Grains.State;

namespace Xtmp.Grains;

/// <content>
/// Seats that the silo runs. Their peers act in this grain's turns: what they sign leaves after the commit that makes it durable.
/// </content>
public sealed partial class GameGrain
{
    private const string WitnessReminder = "witness";

    private readonly List<WitnessSeat> _witnesses = [];
    private IDisposable? _witnessTimer;
    private TimeSpan? _witnessDue;

    private PeerTime PeerNow => new(Context.Monotonic, Context.Now);

    /// <summary>New keys for the seats that the silo is to run, as members of the game.</summary>
    private (GameMember Member, GameWitness Record)[] MakeWitnesses(int count, bool isPostQuantum)
    {
        var made = new (GameMember, GameWitness)[count];
        for (var i = 0; i < count; i++)
        {
            var (seed, nonce) = (new byte[32], new byte[16]);
            _options.RequireEntropy().Fill(seed);
            _options.RequireEntropy().Fill(nonce);
            using var seat = new WitnessSeat(seed, isPostQuantum);
            made[i] = (new GameMember { Wallet = new byte[32], BuyIn = 0, Request = EncodedOperation.Of(seat.Request(GameId.Span, nonce)) }, new GameWitness { Seed = seed });
        }

        return made;
    }

    /// <summary>Lets the silo's seats hear a message, or do what is due, and carries out what they want.</summary>
    private async ValueTask ActAsync(GameEnvelope? arrived = null)
    {
        if (State is not { SiloWitnesses.Count: > 0 } state || state.Phase != (byte)GamePhase.Playing)
        {
            return;
        }

        await WakeWitnessesAsync().ConfigureAwait(true);
        if (arrived is not null)
        {
            Hear(arrived);
        }

        var decided = new List<DecidedValue>();
        for (var isFirst = true; CarryOut(decided) || isFirst; isFirst = false)
        {
            _witnesses.ForEach(witness => witness.Peer!.HandleTimeout(PeerNow));
        }

        State = State with { SiloWitnesses = [.. State.SiloWitnesses.Zip(_witnesses, (record, witness) => record with { First = witness.Journal.First, Next = witness.Journal.Next })] };
        if (decided.Count > 0)
        {
            // A gap, where a seat caught up by a checkpoint, the others' archives fill.
            Take(decided, []);
            Wake();
        }

        SetWitnessTimer();
    }

    /// <summary>Starts the peers from their journals where that was not done yet, or where a turn that failed left them ahead of what is durable.</summary>
    private async ValueTask WakeWitnessesAsync()
    {
        var records = State!.SiloWitnesses;
        if (_witnesses.Count == records.Count && _witnesses.Zip(records).All(pair => pair.First.Journal == (pair.Second.First, pair.Second.Next)))
        {
            return;
        }

        _witnesses.ForEach(witness => witness.Dispose());
        _witnesses.Clear();
        var genesis = TableState.Parse(GameId, 0, StoredValues.Decode<TranscriptStart>(State.First).State);
        Xtmp.Protocol.Invariant.Check(genesis is not null);
        for (var number = 0; number < records.Count; number++)
        {
            var journal = new List<JournalRecord>();
            for (var record = records[number].First; record < records[number].Next; record++)
            {
                journal.Add(await Context.Entries.ReadAsync<JournalRecord>(JournalKey(number, record)).ConfigureAwait(true) ?? throw new InvalidOperationException("A record of a witness's journal is not there."));
            }

            var witness = new WitnessSeat(records[number].Seed, State.PostQuantum) { Journal = (records[number].First, records[number].Next) };

            // Where the archive is behind, chips that wait may be at the table already.
            witness.Peer = new TablePeer(witness.Secrets, genesis, TablePeerOptions.Relayed with { Admits = request => witness.Peer!.State.Height == State!.Height && IsVouchedFor(request) });
            _witnesses.Add(witness);
            witness.Peer.Start(PeerNow, journal);
        }
    }

    /// <summary>What the peers want, until none wants more. True where there was anything.</summary>
    private bool CarryOut(List<DecidedValue> decided)
    {
        var isAny = false;
        for (var number = 0; number < _witnesses.Count; number++)
        {
            var witness = _witnesses[number];
            while (witness.Peer!.PollEffect() is { } effect)
            {
                isAny = true;
                switch (effect)
                {
                    case PeerEffect.Send(var to, var message):
                        var envelope = new GameEnvelope { Envelope = message, To = to };
                        Relay(envelope);
                        Hear(envelope);
                        break;
                    case PeerEffect.Persist(var record, var intent):
                        Append(number, witness, record);
                        if (intent is not null)
                        {
                            // It is signed now, but leaves with the commit, or never.
                            witness.Peer.HandlePersisted(intent, PeerNow);
                        }

                        break;
                    case PeerEffect.Rewrite(var records):
                        for (var old = witness.Journal.First; old < witness.Journal.Next; old++)
                        {
                            Context.Entries.Remove(JournalKey(number, old));
                        }

                        witness.Journal = (witness.Journal.Next, witness.Journal.Next);
                        foreach (var record in records)
                        {
                            Append(number, witness, record);
                        }

                        break;
                    case PeerEffect.Applied(var value, _):
                        decided.Add(value);
                        break;
                }
            }
        }

        return isAny;
    }

    private void Hear(GameEnvelope envelope)
    {
        foreach (var witness in _witnesses)
        {
            var id = witness.Secrets.PeerId.Span;
            if (!envelope.Envelope.Sender.Span.SequenceEqual(id) && (envelope.To is not { } to || to.Span.SequenceEqual(id)))
            {
                witness.Peer!.HandleMessage(envelope.Envelope, PeerNow);
            }
        }
    }

    private void Append(int number, WitnessSeat witness, JournalRecord record)
    {
        Context.Entries.Put(JournalKey(number, witness.Journal.Next), record);
        witness.Journal = witness.Journal with { Next = witness.Journal.Next + 1 };
    }

    private void SetWitnessTimer()
    {
        var next = _witnesses.Min(witness => witness.Peer!.PollTimeout());
        if (State!.Phase == (byte)GamePhase.Playing && next is { } due && (_witnessDue is null || due < _witnessDue))
        {
            _witnessTimer?.Dispose();
            _witnessDue = due;
            var wait = due - Context.Monotonic;
            _witnessTimer = Context.StartTimer(OnWitnessTimerAsync, wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
        }
    }

    private ValueTask OnWitnessTimerAsync()
    {
        _witnessDue = null;
        return ActAsync();
    }

    private static string JournalKey(int witness, ulong record) => string.Create(CultureInfo.InvariantCulture, $"witness/{witness}/{record:d20}");
}
