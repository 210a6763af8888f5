using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;

namespace Xtmp.Benchmarks;

/// <summary>Peers with real keys on virtual time, with a network of a fixed delay and seeded loss, and what they sent counted.</summary>
internal sealed class PeerNetwork
{
    private static readonly DateTimeOffset Opened = DateTimeOffset.UnixEpoch.AddYears(55);

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly Random _random = new(1);
    private readonly TimeSpan _delay;
    private readonly double _loss;
    private readonly List<TablePeer> _peers = [];
    private readonly List<PeerSecrets> _secrets = [];
    private readonly List<TimeSpan?> _due = [];
    private long _order;

    public PeerNetwork(int seats, TimeSpan delay, double loss, bool isPostQuantum = false)
    {
        _delay = delay;
        _loss = loss;
        var keys = Enumerable.Range(0, seats).Select(number => Ed25519PrivateKey.FromSeed(Seed(number))).ToArray();
        var seconds = keys.Select((_, number) => isPostQuantum ? MlDsa87PrivateKey.FromSeed(Seed(number)) : null).ToArray();
        var secrets = keys.Select((key, number) => PeerSecrets.Of(key, Seed(number + 100), seconds[number])).ToArray();
        Genesis = TableState.Open(
            new byte[16],
            CrapsTable.Kind,
            [.. secrets.Select((secret, number) =>
            {
                var key = new byte[32];
                keys[number].WritePublicKey(key);
                byte[]? second = null;
                if (seconds[number] is { } postQuantum)
                {
                    second = new byte[MlDsa87.PublicKeySize];
                    postQuantum.WritePublicKey(second);
                }

                return new Seat { Number = (byte)number, Peer = secret.PeerId, Ed25519Key = key, DealKey = secret.DealKey, PostQuantumKey = second is null ? default(ReadOnlyMemory<byte>?) : second };
            })],
            [.. secrets.Select(_ => 1_000_000_000UL)],
            1_000_000_000_000,
            Opened,
            isPostQuantum);
        foreach (var secret in secrets)
        {
            Add(secret, new TablePeerOptions());
        }
    }

    public TableState Genesis { get; }

    public IReadOnlyList<TablePeer> Peers => _peers;

    public TimeSpan Now { get; private set; }

    /// <summary>A peer that nobody hears and that hears nobody.</summary>
    public int? Cut { get; set; }

    /// <summary>Bytes sent so far, by peer.</summary>
    public Dictionary<int, long> Sent { get; } = [];

    public Action<int, ConsensusMessage> Received { get; set; } = static (_, _) => { };

    public Action<int, TableState> Applied { get; set; } = static (_, _) => { };

    private PeerTime Time => new(Now, Opened + Now);

    public void Add(PeerSecrets secrets, TablePeerOptions options)
    {
        var number = _peers.Count;
        _peers.Add(new TablePeer(secrets, Genesis, options));
        _secrets.Add(secrets);
        _due.Add(null);
        _peers[number].Start(Time);
        Drain(number);
    }

    /// <summary>Replaces a peer by one that knows the first state only.</summary>
    public void Forget(int number)
    {
        _peers[number] = new TablePeer(_secrets[number], Genesis, new TablePeerOptions());
        _due[number] = null;
        _peers[number].Start(Time);
        Drain(number);
    }

    public ulong? Bet(int number)
    {
        var sequence = _peers[number].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 1, Point = null }), Time);
        Drain(number);
        return sequence;
    }

    public ulong? TakeDown(int number, ReadOnlyMemory<byte> bet)
    {
        var sequence = _peers[number].Play(EncodedOperation.Of<CrapsOperation>(new TakeDown { BetOperation = bet }), Time);
        Drain(number);
        return sequence;
    }

    public bool RunUntil(Func<bool> holds, TimeSpan limit)
    {
        var end = Now + limit;
        while (!holds())
        {
            if (!_events.TryPeek(out var next, out var due) || due.At > end)
            {
                Now = end;
                return holds();
            }

            _events.Dequeue();
            Now = due.At;
            next();
        }

        return true;
    }

    private static byte[] Seed(int number) => [.. Enumerable.Repeat((byte)(number + 1), 32)];

    private void At(TimeSpan time, Action action) => _events.Enqueue(action, (time, _order++));

    private void Drain(int number)
    {
        var peer = _peers[number];
        while (peer.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case PeerEffect.Send(var to, var message):
                    for (var other = 0; other < _peers.Count; other++)
                    {
                        if (other != number && (to is not { } one || _secrets[other].PeerId.Span.SequenceEqual(one.Span)))
                        {
                            Carry(number, other, message);
                        }
                    }

                    break;
                case PeerEffect.Persist(_, { } intent):
                    peer.HandlePersisted(intent, Time);
                    break;
                case PeerEffect.Applied(_, var state):
                    Applied(number, state);
                    break;
                case PeerEffect.CaughtUp(var caught):
                    Applied(number, caught);
                    break;
            }
        }

        if (peer.PollTimeout() is { } due && (_due[number] is null || due < _due[number]))
        {
            _due[number] = due;
            At(due < Now ? Now : due, () =>
            {
                if (ReferenceEquals(peer, _peers[number]) && _due[number] == due)
                {
                    _due[number] = null;
                    peer.HandleTimeout(Time);
                    Drain(number);
                }
            });
        }
    }

    private void Carry(int from, int to, ConsensusMessage message)
    {
        Sent[from] = Sent.GetValueOrDefault(from) + message.GetEncodedSize();
        if (from == Cut || to == Cut || _random.NextDouble() < _loss)
        {
            return;
        }

        At(Now + _delay, () =>
        {
            if (to != Cut)
            {
                Received(to, message);
                _peers[to].HandleMessage(message, Time);
                Drain(to);
            }
        });
    }
}
