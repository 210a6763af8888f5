using System.Buffers;

namespace Xtmp.Session;

/// <summary>Finished bytes waiting for the stream: handshake frames. Its buffer is given back when it is empty.</summary>
internal sealed class PooledOutput : IDisposable
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    /// <summary>Room for <paramref name="size"/> bytes at the end.</summary>
    public Span<byte> Reserve(int size)
    {
        if (_buffer.Length - _end < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + size, 2 * Length));
            _buffer.AsSpan(_start, Length).CopyTo(larger);
            Return();
            _end -= _start;
            _start = 0;
            _buffer = larger;
        }

        return _buffer.AsSpan(_end);
    }

    public void Advance(int length) => _end += length;

    /// <summary>Moves everything to <paramref name="output"/>; returns the bytes moved.</summary>
    public int MoveTo(IBufferWriter<byte> output)
    {
        var length = Length;
        if (length > 0)
        {
            output.Write(_buffer.AsSpan(_start, length));
            Dispose();
        }

        return length;
    }

    public void Dispose()
    {
        Return();
        _buffer = [];
        _start = 0;
        _end = 0;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
