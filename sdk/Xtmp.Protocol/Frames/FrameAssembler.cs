using System.Buffers;

namespace Xtmp.Protocol;

/// <summary>
/// Cuts a byte stream into frames, fed in any chunking. A frame that lies whole in the input is returned in place; only
/// a part of one is kept, in a pooled buffer of at most one frame that is given back as soon as the frame is done.
/// Call <see cref="TryRead"/> until it returns anything but Ok.
/// </summary>
public sealed class FrameAssembler : IDisposable
{
    private byte[]? _partial;
    private int _filled;
    private int _needed = FrameLayout.HeaderSize;
    private FrameHeader _header;
    private bool _delivered;

    /// <summary>Greatest payload_length accepted now; checked before a byte of the payload is kept.</summary>
    public int MaxPayload { get; set; } = FrameLayout.MaxHandshakePayload;

    /// <summary>Bytes of an incomplete frame held back.</summary>
    public int BufferedBytes => _delivered ? 0 : _filled;

    /// <summary>The next frame of the stream.</summary>
    /// <param name="input">What is left of the input; moved on past what was taken.</param>
    /// <param name="header">The checked header.</param>
    /// <param name="frame">Header and payload, valid until the next call.</param>
    /// <returns>Ok, NeedMore when the input is used up, or what is wrong: the stream cannot be read further.</returns>
    public FrameStatus TryRead(ref ReadOnlySpan<byte> input, out FrameHeader header, out ReadOnlySpan<byte> frame)
    {
        if (_delivered)
        {
            Release();
        }

        frame = default;
        if (_filled == 0 && input.Length >= FrameLayout.HeaderSize)
        {
            var status = FrameHeader.TryRead(input, MaxPayload, out header);
            if (status != FrameStatus.Ok)
            {
                return status;
            }

            var length = FrameLayout.HeaderSize + header.PayloadLength;
            if (input.Length >= length)
            {
                frame = input[..length];
                input = input[length..];
                return FrameStatus.Ok;
            }
        }

        return ReadPartial(ref input, out header, out frame);
    }

    public void Dispose() => Release();

    private FrameStatus ReadPartial(ref ReadOnlySpan<byte> input, out FrameHeader header, out ReadOnlySpan<byte> frame)
    {
        header = default;
        frame = default;
        while (true)
        {
            var take = Math.Min(_needed - _filled, input.Length);
            if (take > 0)
            {
                Reserve(_needed);
                input[..take].CopyTo(_partial.AsSpan(_filled));
                _filled += take;
                input = input[take..];
            }

            if (_filled < _needed)
            {
                return FrameStatus.NeedMore;
            }

            if (_needed == FrameLayout.HeaderSize)
            {
                var status = FrameHeader.TryRead(_partial, MaxPayload, out _header);
                if (status != FrameStatus.Ok)
                {
                    return status;
                }

                _needed += _header.PayloadLength;
                if (_header.PayloadLength > 0)
                {
                    continue;
                }
            }

            header = _header;
            frame = _partial.AsSpan(0, _needed);
            _delivered = true;
            return FrameStatus.Ok;
        }
    }

    private void Reserve(int length)
    {
        if (_partial is null)
        {
            _partial = ArrayPool<byte>.Shared.Rent(length);
        }
        else if (_partial.Length < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(length);
            _partial.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_partial);
            _partial = larger;
        }
    }

    private void Release()
    {
        if (_partial is not null)
        {
            ArrayPool<byte>.Shared.Return(_partial);
            _partial = null;
        }

        _filled = 0;
        _needed = FrameLayout.HeaderSize;
        _delivered = false;
    }
}
