using System.Security.Cryptography;
using BitChat.Messages;

namespace BitChat.Peer.Tests;

/// <summary>Values that name their proposer and build on the one decided before.</summary>
internal sealed class SimulatedValues(int seat) : IValueRules
{
    private int _proposed;

    /// <summary>State root after what was decided so far.</summary>
    public byte[] Root { get; set; } = new byte[32];

    public ProposedValue Propose(ulong height) => Make(height, Root, seat, _proposed++);

    public bool IsValid(ProposedValue value) =>
        value.PreviousStateRoot.Span.SequenceEqual(Root) && value.StateRoot.Span.SequenceEqual(Next(value.PreviousStateRoot.Span, value.ProposedAt));

    public bool IsWelcome(ProposedValue value) => true;

    public static ProposedValue Make(ulong height, byte[] root, int seat, int number, bool isValid = true)
    {
        var at = DateTimeOffset.UnixEpoch.AddSeconds((seat * 1_000_000L) + number);
        return new ProposedValue { Height = height, PreviousStateRoot = root, StateRoot = isValid ? Next(root, at) : new byte[32], Operations = [], ProposedAt = at };
    }

    private static byte[] Next(ReadOnlySpan<byte> root, DateTimeOffset at) => SHA256.HashData([.. root, .. BitConverter.GetBytes(at.Ticks)]);
}
