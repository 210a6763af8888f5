using System.Buffers;

namespace Xtmp.Benchmarks;

/// <summary>A buffer writer that is emptied and used again, so that what is measured is the session and not the buffer.</summary>
internal sealed class ReusedBuffer : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[512 * 1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_length);
    }

    private void Reserve(int size)
    {
        if (_buffer.Length - _length < Math.Max(size, 1))
        {
            Array.Resize(ref _buffer, 2 * (_buffer.Length + size));
        }
    }
}
