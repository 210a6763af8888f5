using BitChat.Messages;
using BitChat.Peer;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Peers of a table, without a silo: messages arrive at once, on a time of their own. They let in whoever asks, as often as it asks.</summary>
internal sealed class PlayedTable
{
    private readonly TableState _genesis;
    private readonly List<ReadOnlyMemory<byte>> _ids = [];
    private readonly List<TablePeer> _peers = [];
    private readonly Queue<(int To, ConsensusMessage Message)> _inbox = new();
    private TimeSpan _now;

    public PlayedTable(TableState genesis, IEnumerable<PeerSecrets> secrets)
    {
        _genesis = genesis;
        foreach (var secret in secrets)
        {
            Add(secret);
        }
    }

    public IReadOnlyList<TablePeer> Peers => _peers;

    public List<DecidedValue> Decided { get; } = [];

    public PeerTime Now => new(_now, _genesis.Snapshot.DecidedAt + _now);

    public TablePeer Add(PeerSecrets secrets)
    {
        var peer = new TablePeer(secrets, _genesis, new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(1), Admits = static _ => true });
        _ids.Add(secrets.PeerId);
        _peers.Add(peer);
        peer.Start(Now);
        return peer;
    }

    /// <summary>Runs for five virtual minutes at most; <paramref name="act"/> is asked before each step.</summary>
    public void RunUntil(Func<bool> holds, Action act)
    {
        var end = _now + TimeSpan.FromMinutes(5);
        Drain();
        while (_now < end && !holds())
        {
            act();
            Drain();
            _now = _peers.Min(peer => peer.PollTimeout()!.Value) is var due && due > _now ? due : _now + TimeSpan.FromMilliseconds(1);
            _peers.ForEach(peer => peer.HandleTimeout(Now));
            Drain();
        }

        Assert.True(holds());
    }

    private void Drain()
    {
        for (var busy = true; busy;)
        {
            busy = false;
            for (var number = 0; number < _peers.Count; number++)
            {
                while (_peers[number].PollEffect() is { } effect)
                {
                    busy = true;
                    switch (effect)
                    {
                        case PeerEffect.Send(var to, var message):
                            for (var other = 0; other < _peers.Count; other++)
                            {
                                if (other != number && (to is not { } one || one.Span.SequenceEqual(_ids[other].Span)))
                                {
                                    _inbox.Enqueue((other, message));
                                }
                            }

                            break;
                        case PeerEffect.Persist(_, { } intent):
                            _peers[number].HandlePersisted(intent, Now);
                            break;
                        case PeerEffect.Applied(var value, _) when value.Value.Height == (ulong)Decided.Count + 1:
                            Decided.Add(value);
                            break;
                    }
                }
            }

            if (_inbox.TryDequeue(out var next))
            {
                busy = true;
                _peers[next.To].HandleMessage(next.Message, Now);
            }
        }
    }
}
