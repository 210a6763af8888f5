using System.Buffers;
using System.Security.Cryptography;

namespace Xtmp.Session;

/// <summary>
/// Pooled memory for decrypted payloads that wait in the event queue. Grows by whole buffers and is given back at once
/// when the queue is drained, so that a session at rest holds none.
/// </summary>
internal sealed class ReceiveArena : IDisposable
{
    private const int FirstBufferSize = 4 * 1024;
    private const int BufferSize = 128 * 1024;
    private List<(byte[] Buffer, int Used)>? _full;
    private byte[] _current = [];
    private int _used;

    /// <summary>Room for <paramref name="length"/> bytes, in one piece; kept only when <see cref="Keep"/> follows.</summary>
    public ArraySegment<byte> Reserve(int length)
    {
        if (_current.Length - _used < length)
        {
            var size = Math.Max(length, _current.Length == 0 ? FirstBufferSize : BufferSize);
            if (_current.Length > 0)
            {
                (_full ??= []).Add((_current, _used));
            }

            _current = ArrayPool<byte>.Shared.Rent(size);
            _used = 0;
        }

        return new(_current, _used, length);
    }

    /// <summary>Keeps the <paramref name="length"/> bytes last reserved until <see cref="Reset"/>.</summary>
    public void Keep(int length) => _used += length;

    /// <summary>Takes a pooled buffer over.</summary>
    public void Adopt(byte[] buffer, int used) => (_full ??= []).Add((buffer, used));

    /// <summary>Gives everything back, erased.</summary>
    public void Reset()
    {
        if (_full is not null)
        {
            foreach (var (buffer, used) in _full)
            {
                Return(buffer, used);
            }

            _full = null;
        }

        if (_current.Length > 0)
        {
            Return(_current, _used);
            _current = [];
            _used = 0;
        }
    }

    public void Dispose() => Reset();

    private static void Return(byte[] buffer, int used)
    {
        CryptographicOperations.ZeroMemory(buffer.AsSpan(0, used));
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
