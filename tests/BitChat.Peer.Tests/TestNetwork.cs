using BitChat.Messages;

namespace BitChat.Peer.Tests;

/// <summary>Peers with real keys on virtual time and a network without faults, each message through its encoding.</summary>
internal sealed class TestNetwork
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly List<TablePeer> _peers = [];
    private readonly List<ReadOnlyMemory<byte>> _ids = [];
    private TimeSpan _now;
    private long _order;

    public TestNetwork(TestTable table, TablePeerOptions? options = null, int? silent = null, Func<int, ConsensusMessage, ConsensusMessage?>? filter = null, IReadOnlyList<JournalRecord>? journal = null)
    {
        Filter = filter ?? Filter;
        Silent = silent;
        for (var i = 0; i < table.Secrets.Count; i++)
        {
            Add(table.Secrets[i], table.Genesis, options ?? new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(1) }, journal);
        }
    }

    /// <summary>A peer that sends nothing of its own any more.</summary>
    public int? Silent { get; set; }

    /// <summary>What a peer sends in place of its parts of rolls.</summary>
    public Func<int, ConsensusMessage, ConsensusMessage?> Filter { get; set; } = static (_, message) => message;

    /// <summary>Whether a peer hears anything.</summary>
    public Func<int, bool> Receives { get; set; } = static _ => true;

    /// <summary>How long a message takes from a peer to another.</summary>
    public Func<int, int, TimeSpan> Delay { get; set; } = static (_, _) => TimeSpan.FromMilliseconds(10);

    /// <summary>How far a peer's clock is ahead.</summary>
    public Func<int, TimeSpan> Skew { get; set; } = static _ => TimeSpan.Zero;

    public IReadOnlyList<TablePeer> Peers => _peers;

    public List<DecidedValue> Decided { get; } = [];

    public List<(int Peer, HeldEvidence Evidence)> Suspected { get; } = [];

    public List<(int Peer, RecoveryStrategy? Strategy)> Strategies { get; } = [];

    public PeerTime Now => new(_now, TestTable.Opened + _now);

    public TablePeer Add(PeerSecrets secrets, TableState genesis, TablePeerOptions options, IReadOnlyList<JournalRecord>? journal = null)
    {
        var peer = new TablePeer(secrets, genesis, options);
        _peers.Add(peer);
        _ids.Add(secrets.PeerId);
        peer.Start(Now, journal);
        Drain(_peers.Count - 1);
        return peer;
    }

    public void Do(int peer, Action<TablePeer> action)
    {
        action(_peers[peer]);
        Drain(peer);
    }

    /// <summary>Runs until it holds, at most so many virtual seconds.</summary>
    public bool RunUntil(Func<bool> holds, int seconds = 120)
    {
        var end = _now + TimeSpan.FromSeconds(seconds);
        while (!holds())
        {
            if (!_events.TryDequeue(out var next, out var due) || due.At > end)
            {
                return holds();
            }

            _now = due.At;
            next();
        }

        return true;
    }

    public void Deliver(int to, ConsensusMessage message)
    {
        if (!Receives(to))
        {
            return;
        }

        var copy = EncodedOperation.Parse<ConsensusMessage>(EncodedOperation.Of(message));
        Assert.NotNull(copy);
        _peers[to].HandleMessage(copy, TimeOf(to));
        Drain(to);
    }

    private PeerTime TimeOf(int peer) => new(_now, Now.Clock + Skew(peer));

    private void After(TimeSpan wait, Action action) => _events.Enqueue(action, (_now + wait, _order++));

    private void Drain(int number)
    {
        var peer = _peers[number];
        while (peer.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case PeerEffect.Send(var to, var sent) when number != Silent && Filter(number, sent) is { } message:
                    for (var i = 0; i < _peers.Count; i++)
                    {
                        var receiver = i;
                        if (i != number && (to is { } one ? _ids[i].Span.SequenceEqual(one.Span) : peer.State.Seats?.Find(_ids[i].Span) is not null))
                        {
                            After(Delay(number, receiver), () => Deliver(receiver, message));
                        }
                    }

                    break;
                case PeerEffect.Persist(_, { } intent):
                    After(TimeSpan.Zero, () =>
                    {
                        peer.HandlePersisted(intent, TimeOf(number));
                        Drain(number);
                    });
                    break;
                case PeerEffect.Applied(var decided, _) when decided.Value.Height == (ulong)Decided.Count + 1:
                    Decided.Add(decided);
                    break;
                case PeerEffect.Partition(var strategy):
                    Strategies.Add((number, strategy));
                    break;
                case PeerEffect.Suspected(var evidence):
                    Suspected.Add((number, evidence));
                    break;
            }
        }

        if (peer.PollTimeout() is { } timeout)
        {
            _events.Enqueue(
                () =>
                {
                    peer.HandleTimeout(TimeOf(number));
                    Drain(number);
                },
                (timeout < _now ? _now : timeout, _order++));
        }
    }
}
