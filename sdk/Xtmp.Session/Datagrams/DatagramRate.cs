namespace Xtmp.Session;

/// <summary>
/// How fast datagrams leave: a token bucket whose rate is halved by a report of more than 2 % loss and added to by any
/// other (SPEC §3). Until the first loss each report adds as much as there is, so that a fast path is used within a second.
/// </summary>
internal sealed class DatagramRate(TimeSpan now)
{
    private const double InitialRate = 2_000_000;
    private const double MinRate = 32_000;
    private const double MaxRate = 1_000_000_000;
    private const double Increase = 200_000;
    private const double BurstSeconds = 0.02;
    private const ulong MinSample = 10;
    private const ulong SilenceSample = 50;
    private static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(5);
    private TimeSpan _progress = now;
    private double _tokens = XtmpSession.MaxDatagramBytes * 10;
    private double _used;
    private bool _hasLost;
    private TimeSpan _refilled = now;
    private TimeSpan _reported = now;
    private uint _epoch;
    private ulong _highest;
    private ulong _received;

    /// <summary>Bytes a second.</summary>
    public double BytesPerSecond { get; private set; } = InitialRate;

    /// <summary>Share of datagrams lost between the last two reports, 0 to 1; null before there were two.</summary>
    public double? Loss { get; private set; }

    public bool TryTake(int bytes, TimeSpan now)
    {
        var burst = Math.Max(BytesPerSecond * BurstSeconds, XtmpSession.MaxDatagramBytes * 10);
        _tokens = Math.Min(burst, _tokens + (BytesPerSecond * (now - _refilled).TotalSeconds));
        _refilled = now;
        if (_tokens < bytes)
        {
            return false;
        }

        _tokens -= bytes;
        _used += bytes;
        return true;
    }

    /// <summary>Gives back what a datagram did not need.</summary>
    public void Return(int bytes)
    {
        _tokens += bytes;
        _used -= bytes;
    }

    /// <summary>When a whole datagram may leave.</summary>
    public TimeSpan NextTime => _refilled + TimeSpan.FromSeconds(Math.Max(0.001, (XtmpSession.MaxDatagramBytes - _tokens) / BytesPerSecond));

    /// <summary>When the path counts as dead: much was sent and no report has moved on. Null while that is not so.</summary>
    public TimeSpan? SilentAt(uint epoch, ulong nextSequence) =>
        nextSequence > (epoch == _epoch ? _highest : 0) + SilenceSample ? _progress + SilenceTime : null;

    /// <summary>Takes a report; one that goes backwards says nothing.</summary>
    public void Reported(uint epoch, ulong highest, ulong received, TimeSpan now)
    {
        if (epoch != _epoch || highest > _highest)
        {
            _progress = now;
        }

        if (epoch == _epoch && highest >= _highest + MinSample && received >= _received)
        {
            double sent = highest - _highest;
            var loss = 1 - ((received - _received) / sent);
            Loss = Math.Max(0, loss);
            if (loss > 0.02)
            {
                _hasLost = true;
                BytesPerSecond = Math.Max(MinRate, BytesPerSecond / 2);
            }
            else if (_used >= BytesPerSecond * (now - _reported).TotalSeconds / 2)
            {
                // A rate that is not made use of says nothing about the path.
                BytesPerSecond = Math.Min(MaxRate, BytesPerSecond + (_hasLost ? Math.Max(Increase, BytesPerSecond / 32) : BytesPerSecond));
            }

            _used = 0;
            _reported = now;
        }
        else if (epoch == _epoch)
        {
            return;
        }

        (_epoch, _highest, _received) = (epoch, highest, received);
    }
}
