using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// What a receiver lets a compressed message claim before it rents memory (SPEC §1, payload rule 3): nothing where the
/// schema says that a message is never compressed, else the largest size the schema allows for it. Immutable.
/// </summary>
public sealed class CompressionBounds
{
    /// <summary>Bytes a message of an unknown type may claim: it is answered with an error or dropped, whatever it holds.</summary>
    public const int UnknownMessageBytes = 64 * 1024;

    private readonly Dictionary<(byte Code, FrameKind Kind), int> _maxBytes = [];

    private readonly int _maxUnknownBytes;

    /// <param name="messages">The messages a peer of this end may send.</param>
    /// <param name="maxUnknownBytes">What a message of another type may claim.</param>
    public CompressionBounds(IEnumerable<MessageInfo> messages, int maxUnknownBytes = UnknownMessageBytes)
    {
        _maxUnknownBytes = maxUnknownBytes;
        ArgumentNullException.ThrowIfNull(messages);
        foreach (var message in messages)
        {
            // What a newer schema adds comes on top, and so do padding and the number of an item.
            var size = message.Compressible ? (long)message.MaxEncodedSize + DecodeLimits.Untrusted.MaxUnknownBytes : 0;
            var key = (message.Code, message.Kind);
            _maxBytes[key] = (int)Math.Min(int.MaxValue, Math.Max(size, _maxBytes.GetValueOrDefault(key)));
        }
    }

    /// <summary>Bytes a compressed message may claim to be; 0 where it may not be compressed.</summary>
    public int MaxBytes(byte code, FrameKind kind) => _maxBytes.TryGetValue((code, kind), out var max) ? max : _maxUnknownBytes;
}
