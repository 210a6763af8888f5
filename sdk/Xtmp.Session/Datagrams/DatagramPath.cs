using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// Where datagrams go, and how an address becomes that place: it answers a challenge, and gets at most three times what
/// came from it until then (SPEC §3). Writes no frames.
/// </summary>
internal sealed class DatagramPath(PeerRole role, IEntropy entropy)
{
    private const int DatagramBytes = XtmpSession.MaxDatagramBytes;
    private static readonly TimeSpan ValidationTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ChallengeInterval = TimeSpan.FromMilliseconds(500);

    private readonly byte[] _challenge = new byte[PathMessages.ChallengeSize];
    private PathAddress? _candidate;
    private long _candidateBudget;
    private bool _challengeDue;
    private TimeSpan _challengeRepeatAt = TimeSpan.MaxValue;
    private TimeSpan _validateUntil = TimeSpan.MaxValue;
    private byte[]? _echo;
    private PathAddress _echoTo;

    /// <summary>Where datagrams go; null until an address has answered.</summary>
    public PathAddress? Peer { get; private set; }

    /// <summary>A challenge or an answer waits to be sent.</summary>
    public bool IsDue => _challengeDue || _echo is not null;

    /// <summary>When <see cref="HandleTimeout"/> has something to do.</summary>
    public TimeSpan NextTime => _validateUntil < _challengeRepeatAt ? _validateUntil : _challengeRepeatAt;

    /// <summary>A client begins. It chose the address itself, so that nothing bounds what it may send there.</summary>
    public void Open(PathAddress remote, TimeSpan now)
    {
        Begin(remote, long.MaxValue);
        _validateUntil = now + ValidationTime;
    }

    /// <summary>A datagram that verified came from an address. A server follows its client there after a challenge.</summary>
    public void Heard(PathAddress from, bool isNewest, int length)
    {
        if (role == PeerRole.Client || Peer == from)
        {
            return;
        }

        if (_candidate == from)
        {
            _candidateBudget += 3L * length;
        }
        else if (isNewest)
        {
            Begin(from, 3L * length);
        }
    }

    /// <summary>A challenge of the peer, to be echoed.</summary>
    public void Challenged(ReadOnlySpan<byte> challenge, PathAddress from)
    {
        _echo = challenge.ToArray();
        _echoTo = from;
    }

    /// <summary>An answer to a challenge; true where it made the first path there is.</summary>
    public bool Answered(ReadOnlySpan<byte> challenge, PathAddress from)
    {
        if (_candidate != from || !CryptographicOperations.FixedTimeEquals(challenge, _challenge))
        {
            return false;
        }

        var isFirst = Peer is null;
        Peer = from;
        _validateUntil = TimeSpan.MaxValue;
        _candidate = null;
        _challengeDue = false;
        _challengeRepeatAt = TimeSpan.MaxValue;
        CryptographicOperations.ZeroMemory(_challenge);
        return isFirst;
    }

    /// <summary>The next challenge or answer to send; false when there is none.</summary>
    public bool TryTake(TimeSpan now, Span<byte> challenge, out bool isResponse, out PathAddress to)
    {
        if (_echo is { } echo)
        {
            _echo = null;
            (isResponse, to) = (true, _echoTo);
            if (TrySpend(to))
            {
                echo.CopyTo(challenge);
                return true;
            }
        }

        (isResponse, to) = (false, _candidate ?? default);
        if (!_challengeDue || _candidate is null)
        {
            return false;
        }

        _challengeDue = false;
        _challengeRepeatAt = now + ChallengeInterval;
        _challenge.CopyTo(challenge);
        return TrySpend(to);
    }

    /// <summary>Repeats the challenge when it is time; false when validation has taken too long.</summary>
    public bool HandleTimeout(TimeSpan time)
    {
        if (time >= _validateUntil)
        {
            return false;
        }

        if (time >= _challengeRepeatAt)
        {
            _challengeRepeatAt = TimeSpan.MaxValue;
            _challengeDue = _candidate is not null && _candidateBudget >= DatagramBytes;
        }

        return true;
    }

    private void Begin(PathAddress address, long budget)
    {
        _candidate = address;
        _candidateBudget = budget;
        _challengeDue = true;
        entropy.Fill(_challenge);
    }

    private bool TrySpend(PathAddress to)
    {
        if (Peer == to)
        {
            return true;
        }

        if (_candidate != to || _candidateBudget < DatagramBytes)
        {
            return false;
        }

        _candidateBudget -= DatagramBytes;
        return true;
    }
}
