using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>
/// A network for datagrams with virtual time: loses, duplicates, delays, reorders and corrupts by a seed. The same seed
/// and the same sends give the same deliveries.
/// </summary>
public sealed class NetworkEmulator(ulong seed, NetworkConditions conditions)
{
    private readonly Random _random = new((int)seed);
    private readonly PriorityQueue<Packet, (TimeSpan, long)> _queue = new();
    private long _order;

    public NetworkConditions Conditions { get; set; } = conditions;

    public int InFlight => _queue.Count;

    public void Send(PathAddress from, PathAddress to, ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        if (Conditions.Blocked || Chance(Conditions.Loss))
        {
            return;
        }

        for (var copies = Chance(Conditions.Duplication) ? 2 : 1; copies > 0; copies--)
        {
            var bytes = datagram.ToArray();
            if (Chance(Conditions.Corruption))
            {
                bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
            }

            var delay = Conditions.MinDelay + ((Conditions.MaxDelay - Conditions.MinDelay) * _random.NextDouble());
            _queue.Enqueue(new(from, to, bytes), (now + delay, _order++));
        }
    }

    /// <summary>The next datagram due by <paramref name="now"/>.</summary>
    public bool TryReceive(TimeSpan now, out Packet packet)
    {
        packet = default;
        return _queue.TryPeek(out _, out var due) && due.Item1 <= now && _queue.TryDequeue(out packet, out _);
    }

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    /// <summary>A datagram on its way.</summary>
    public readonly record struct Packet(PathAddress From, PathAddress To, byte[] Bytes);
}
