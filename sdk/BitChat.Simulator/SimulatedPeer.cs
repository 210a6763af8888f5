using System.Buffers;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Protocol;

namespace BitChat.Simulator;

/// <summary>A peer with its disk, its clock and its player. A crash loses what was not durable yet.</summary>
internal sealed class SimulatedPeer
{
    private readonly Life _life;
    private readonly PeerSecrets _secrets;
    private readonly SeededRandom _random;
    private readonly TablePeerOptions _options;
    private readonly double _drift;
    private readonly ByzantineSeat? _byzantine;
    private List<JournalRecord> _disk = [];
    private TablePeer _peer;
    private TimeSpan _step;
    private TimeSpan? _timer;
    private ((ulong Epoch, int Seat, ValueList<SeatDealing> Dealings) Of, System.Numerics.BigInteger Secret) _coin;
    private int _lives;
    private bool _isDown;
    private TimeSpan? _crashOnSend;

    public SimulatedPeer(Life life, int number, PeerSecrets secrets, bool isByzantine)
    {
        _life = life;
        Number = number;
        _secrets = secrets;
        _random = new SeededRandom(life.Options.Seed, 100 + (ulong)number);
        _drift = life.Schedule.FirstOrDefault(fault => fault.Kind == FaultKind.ClockDrift && fault.Seat == number)?.Amount ?? 0;

        // A short log has peers take states from checkpoints. Beyond what a table bears the question is what a log proves.
        _options = new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(2), KeptHeights = life.IsBeyond ? 64UL : 2, CheckpointInterval = 10 };
        _byzantine = isByzantine ? new ByzantineSeat(life, this, secrets) : null;
        _peer = Make();
    }

    public int Number { get; }

    public bool IsByzantine => _byzantine is not null;

    public ReadOnlyMemory<byte> Id => _secrets.PeerId;

    public PeerSecrets Secrets => _secrets;

    public ulong Height => _peer.State.Height;

    public TablePeer Peer => _peer;

    /// <summary>True where it sits at the table as it sees it itself.</summary>
    public bool IsSeated => _peer.Seat is not null;

    public bool IsDown => _isDown;

    // Finer than the microseconds of the wire, as clocks are.
    private PeerTime Time => new(_life.Now * (1 + _drift), _life.Clock + _step + (_life.Now * _drift) + TimeSpan.FromTicks(1 + Number));

    public void Begin()
    {
        _peer.Start(Time);
        Drain();
        if (Number == _life.Options.Seats)
        {
            _life.At(TimeSpan.FromSeconds(3 + _random.Next(_life.Options.Seconds / 3)), Join);
        }

        _life.After(_random.Time(200, 1_500), Play);
    }

    /// <summary>The process dies and comes back later with what was durable. A Byzantine seat may come back with nothing.</summary>
    public void Crash(TimeSpan until)
    {
        if (_isDown)
        {
            return;
        }

        _isDown = true;
        _timer = null;
        _lives++;
        _life.Log($"{Number} crashes");
        if (IsByzantine && _life.Does(Number, FaultKind.Amnesia))
        {
            _disk = [];
        }

        _life.At(until < _life.Now ? _life.Now : until, () =>
        {
            _isDown = false;
            _peer = Make();

            // As bytes, as on any disk.
            _peer.Start(Time, _disk.Select(ReadBack));
            _life.Log($"{Number} is back at {_peer.State.Height}");
            Drain();
        });
    }

    /// <summary>Crashes right after the next thing it signs has left.</summary>
    public void CrashOnSend(TimeSpan until) => _crashOnSend = until;

    public void Step(TimeSpan step) => _step += step;

    public void Receive(ConsensusMessage message)
    {
        if (!_isDown)
        {
            _byzantine?.Heard(message);
            _peer.HandleMessage(message, Time);
            Drain();
        }
    }

    /// <summary>This peer's share of the next roll of a state, as it would tell it.</summary>
    public CoinShare? ShareOf(TableState state, int seat)
    {
        // Opened once a coin: each roll is of the same one for long.
        var of = (state.Seats!.Epoch, seat, state.Snapshot.Coin.Dealings);
        if (_coin.Of == of)
        {
            return ThresholdCoin.Share(_secrets.Group, state.Seats, state.Game.Roll, _coin.Secret);
        }

        var secret = System.Numerics.BigInteger.Zero;
        foreach (var dealt in state.Snapshot.Coin.Dealings)
        {
            if (CoinDealings.Open(_secrets.Group, state.Seats!, dealt.Seat, dealt.Dealing, seat, _secrets.DealSecret) is not { } share)
            {
                return null;
            }

            secret += share;
        }

        _coin = (of, _secrets.Group.Reduce(secret));
        return ThresholdCoin.Share(_secrets.Group, state.Seats, state.Game.Roll, _coin.Secret);
    }

    public void SendRaw(ReadOnlyMemory<byte>? to, ConsensusMessage message)
    {
        // As bytes, as on any network: what a value loses by its encoding the others do not have.
        message = ReadBack(message);
        for (var number = 0; number < _life.Peers.Count; number++)
        {
            var other = _life.Peers[number];
            if (number != Number && (to is { } one ? other.Id.Span.SequenceEqual(one.Span) : _peer.State.Seats?.Find(other.Id.Span) is not null))
            {
                _life.Carry(Number, number, message);
            }
        }
    }

    public static T ReadBack<T>(T value)
        where T : class, IXtmpStruct<T>
    {
        var rented = ArrayPool<byte>.Shared.Rent(value.GetEncodedSize());
        var size = value.Encode(rented);
        var read = EncodedOperation.Parse<T>(rented.AsSpan(0, size));
        ArrayPool<byte>.Shared.Return(rented);
        return read ?? throw new InvalidOperationException($"A {typeof(T).Name} cannot be read back: {value}");
    }

    private TablePeer Make() => new(_secrets, _life.Genesis, _options, IsByzantine ? ConsensusRules.Sound : _life.Options.Mutant?.Consensus ?? ConsensusRules.Sound, IsByzantine ? TableMutations.None : _life.Options.Mutant?.Table ?? TableMutations.None);

    private void Join()
    {
        if (IsSeated || _isDown || _life.Now > _life.Healing + TimeSpan.FromSeconds(5))
        {
            return;
        }

        _peer.Join(_secrets.Request(_life.Genesis.GameId.Span, SimulatedSignatures.KeyOf(_life.Options.Seed, Number), null, $"player {Number}", 500, (byte[])[.. BitConverter.GetBytes(_life.Now.Ticks), .. new byte[8]]), Time);
        Drain();
        _life.After(TimeSpan.FromSeconds(3), Join);
    }

    /// <summary>A player bets now and then, and may leave once.</summary>
    private void Play()
    {
        _life.After(_random.Time(500, 3_000) * (_life.Replay?.Rest ?? 1), Play);
        if (_isDown || !IsSeated || _peer.State.Game is not CrapsTable table)
        {
            return;
        }

        // Who came to the table goes again where somebody may send its request once more.
        if (_random.Chance(Number == _life.Options.Seats && _life.Replay is not null ? 0.1 : 0.004) && !_life.IsHealed && _life.LetsLeave(this, _peer.State))
        {
            _peer.Submit(new SeatLeave(), Time);
        }
        else if (!table.AreBetsFinal && table.Chips.GetValueOrDefault(Convert.ToHexString(Id.Span)) is > 50 and var chips)
        {
            var bet = (CrapsBet)_random.Next(9);
            var point = bet is CrapsBet.Place or CrapsBet.HardWay ? (byte?)(4 + (2 * _random.Next(4))) : null;
            var amount = (ulong)_random.Next(1, (int)Math.Min(50, chips));
            var body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = bet, Amount = amount, Point = point });

            // A bet that cannot be begins heights as long as it waits: where heights are counted players ask first, as clients do.
            if (_life.Replay is null || _peer.FaultOf(new GamePlay { Body = body }, Time) == TableFault.None)
            {
                _peer.Play(body, Time);
            }
        }

        Drain();
    }

    private void Drain()
    {
        var lives = _lives;
        while (lives == _lives && _peer.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case PeerEffect.Send(var to, var message):
                    if (_byzantine is not null)
                    {
                        _byzantine.Send(to, message);
                    }
                    else
                    {
                        _life.Invariants.HandleSent(this, message);
                        _life.HandleSent(this, message);
                        SendRaw(to, message);
                    }

                    if (_crashOnSend is { } until && message.Sender.Span.SequenceEqual(Id.Span) && message.Payload is ConsensusPayload.VoteArm or ConsensusPayload.ProposalArm)
                    {
                        _crashOnSend = null;
                        if (until > _life.Now)
                        {
                            Crash(until);
                            return;
                        }
                    }

                    break;
                case PeerEffect.Persist(var record, var intent):
                    // Durable after a while; a crash before that loses it.
                    _life.After(_random.Chance(0.05) ? _random.Time(20, 200) : _random.Time(0, 10), () =>
                    {
                        if (lives == _lives)
                        {
                            _disk.Add(record);
                            if (intent is not null)
                            {
                                _peer.HandlePersisted(intent, Time);
                                Drain();
                            }
                        }
                    });
                    break;
                case PeerEffect.Rewrite(var records):
                    var written = records.ToList();
                    _life.After(TimeSpan.FromMilliseconds(10), () =>
                    {
                        if (lives == _lives)
                        {
                            // What was appended meanwhile stands behind.
                            _disk = [.. written, .. _disk.Where(record => IsLater(record, written))];
                        }
                    });
                    break;
                case PeerEffect.Applied(var decided, var state):
                    _life.Invariants.HandleDecided(this, decided, state);
                    _life.HandleDecided(Number);
                    break;
                case PeerEffect.CaughtUp(var state):
                    _life.Invariants.HandleCaughtUp(this, state);
                    break;
                case PeerEffect.Suspected(var evidence):
                    _life.Invariants.HandleSuspected(this, evidence);
                    break;
                case PeerEffect.Forked(_, _, var culprits):
                    _life.Invariants.HandleForked(this, culprits);
                    break;
            }
        }

        if (!_isDown && _peer.PollTimeout() is { } due)
        {
            var at = due / (1 + _drift);
            if (_timer is null || at < _timer)
            {
                _timer = at;
                _life.At(at < _life.Now ? _life.Now : at + TimeSpan.FromTicks(10), () =>
                {
                    if (lives == _lives && _timer == at)
                    {
                        _timer = null;
                        _peer.HandleTimeout(Time);
                        Drain();
                    }
                });
            }
        }
    }

    private bool IsLater(JournalRecord record, List<JournalRecord> written)
    {
        var last = written.OfType<JournalRecord.DecidedArm>().LastOrDefault()?.Value.Value.Height ?? ((JournalRecord.BaseArm)written[0]).Value.Height;
        return record switch
        {
            JournalRecord.DecidedArm { Value.Value.Height: var height } => height > last,
            JournalRecord.IntentArm { Value.Height: var height } => height > last + (_life.Options.Mutant?.Table.KeepsIntents == false && !IsByzantine ? 1UL : 0UL) && !written.Contains(record),
            _ => false,
        };
    }
}
