using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>State of a session's UDP half: keys by epoch, the path and its validation, rate, and what waits.</summary>
internal sealed class DatagramHalf(TrafficKeys send, TrafficKeys receive, SessionLimits limits, TimeSpan now) : IDisposable
{
    /// <summary>Greatest message under reassembly: larger ones belong on the stream.</summary>
    public const int MaxMessageBytes = 64 * 1024;

    /// <summary>Receiving keys of the epoch before are kept this many round trips after the first new datagram.</summary>
    private const int GraceRoundTrips = 3;

    public TrafficKeys SendKeys { get; private set; } = send;

    /// <summary>A server's new sending keys, not to be used before a client datagram of the new epoch.</summary>
    public TrafficKeys? NextSendKeys { get; private set; }

    public DatagramReceiver Receiver { get; private set; } = new(receive);

    public DatagramReceiver? OldReceiver { get; private set; }

    /// <summary>When the old receiving keys go; null until the first datagram of the new epoch.</summary>
    public TimeSpan? OldReceiverUntil { get; private set; }

    public Reassembler Reassembler { get; } = new(ordered: false, Math.Min(limits.MaxMessageBytes, MaxMessageBytes), 8 * MaxMessageBytes, limits.MaxReassemblies);

    public SendLevel Queue { get; } = new();

    public DatagramRate Rate { get; } = new(now);

    public Dictionary<ulong, UnackedMessage> Unacked { get; } = [];

    /// <summary>Where datagrams go; set once validated.</summary>
    public PathAddress? Peer { get; set; }

    public bool IsReady => Peer is not null;

    /// <summary>An address that wants to become the path, and the challenge sent there.</summary>
    public PathAddress? Candidate { get; private set; }

    public byte[] Challenge { get; } = new byte[PathMessages.ChallengeSize];

    /// <summary>Bytes that may still go to the candidate: three times what was authenticated from it.</summary>
    public long CandidateBudget { get; set; }

    public bool ChallengeDue { get; set; }

    public TimeSpan ChallengeRepeatAt { get; set; } = TimeSpan.MaxValue;

    /// <summary>A challenge of the peer to echo, and where it came from.</summary>
    public byte[]? Echo { get; set; }

    public PathAddress EchoTo { get; set; }

    /// <summary>When validation is given up.</summary>
    public TimeSpan ValidateUntil { get; set; } = TimeSpan.MaxValue;

    public bool ReportDue { get; set; }

    public TimeSpan NextReportAt { get; set; }

    public void BeginCandidate(PathAddress address, ReadOnlySpan<byte> challenge, long budget)
    {
        Candidate = address;
        challenge.CopyTo(Challenge);
        CandidateBudget = budget;
        ChallengeDue = true;
    }

    public void EndCandidate()
    {
        Candidate = null;
        ChallengeDue = false;
        ChallengeRepeatAt = TimeSpan.MaxValue;
        CryptographicOperations.ZeroMemory(Challenge);
    }

    /// <summary>The receiver whose keys a frame names, or null.</summary>
    public DatagramReceiver? Find(in FrameHeader header)
    {
        var receiver = header.KeyId == Receiver.Keys.KeyId ? Receiver
            : OldReceiver is not null && header.KeyId == OldReceiver.Keys.KeyId ? OldReceiver
            : null;
        return receiver is not null && receiver.Keys.Epoch == header.Epoch && receiver.Keys.Type == header.EncryptionType ? receiver : null;
    }

    /// <summary>A client sends under new keys at once; a server only after <see cref="NewEpochHeard"/>.</summary>
    public void Renew(TrafficKeys send, TrafficKeys receive, bool sendAtOnce)
    {
        OldReceiver?.Dispose();
        OldReceiver = Receiver;
        OldReceiverUntil = null;
        Receiver = new DatagramReceiver(receive);
        NextSendKeys?.Dispose();
        NextSendKeys = null;
        if (sendAtOnce)
        {
            SendKeys.Dispose();
            SendKeys = send;
        }
        else
        {
            NextSendKeys = send;
        }
    }

    /// <summary>A datagram of the current receiving epoch verified.</summary>
    public void NewEpochHeard(TimeSpan now, TimeSpan? roundTrip)
    {
        if (NextSendKeys is not null)
        {
            SendKeys.Dispose();
            SendKeys = NextSendKeys;
            NextSendKeys = null;
        }

        if (OldReceiver is not null && OldReceiverUntil is null)
        {
            var grace = GraceRoundTrips * (roundTrip ?? TimeSpan.FromSeconds(1));
            OldReceiverUntil = now + TimeSpan.FromSeconds(Math.Clamp(grace.TotalSeconds, 1, 30));
        }
    }

    public void DropOldReceiver()
    {
        OldReceiver?.Dispose();
        OldReceiver = null;
        OldReceiverUntil = null;
    }

    public void Dispose()
    {
        SendKeys.Dispose();
        NextSendKeys?.Dispose();
        Receiver.Dispose();
        OldReceiver?.Dispose();
        Reassembler.Dispose();
        Queue.Dispose();
        Unacked.Clear();
    }
}
