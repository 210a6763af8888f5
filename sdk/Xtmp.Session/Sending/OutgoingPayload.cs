using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A message to send: bytes, or an object that encodes itself where it is to stand.</summary>
internal readonly ref struct OutgoingPayload
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly IXtmpMessage? _message;

    public OutgoingPayload(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        Length = bytes.Length;
    }

    public OutgoingPayload(IXtmpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _message = message;
        Length = message.GetEncodedSize();
    }

    public static implicit operator OutgoingPayload(ReadOnlySpan<byte> bytes) => new(bytes);

    public int Length { get; }

    /// <summary>Writes exactly <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        if (_message is null)
        {
            _bytes.CopyTo(destination);
        }
        else
        {
            var written = _message.Encode(destination[..Length]);
            Invariant.Check(written == Length);
        }
    }
}
