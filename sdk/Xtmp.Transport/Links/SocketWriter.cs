using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Xtmp.Transport;

/// <summary>
/// Writes a TCP socket: all that was written since the last flush in one call, on the caller's thread where the kernel takes it.
/// The buffer comes from the shared pool and goes back with each flush.
/// </summary>
internal sealed class SocketWriter(Socket socket) : PipeWriter
{
    // A whole flight of a handshake, or many small frames.
    private const int BufferSize = 64 * 1024;

    private byte[] _buffer = [];
    private int _length;
    private volatile bool _isCompleted;
    private volatile bool _isSending;

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_length);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_length);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_buffer.Length - _length), nameof(bytes));
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_length == 0)
        {
            return new(new FlushResult(isCanceled: false, _isCompleted));
        }

        var sent = 0;
        try
        {
            // The socket does not block: what the kernel has no room for is sent when it has.
            sent = socket.Send(_buffer.AsSpan(0, _length), SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                Release();
                return ValueTask.FromException<FlushResult>(new IOException(new SocketException((int)error).Message));
            }
        }
        catch (ObjectDisposedException error)
        {
            Release();
            return ValueTask.FromException<FlushResult>(new IOException(error.Message, error));
        }

        if (sent == _length)
        {
            Release();
            return new(new FlushResult(isCanceled: false, _isCompleted));
        }

        return SendAsync(sent, cancellationToken);
    }

    /// <summary>Links cut a flush off by aborting.</summary>
    public override void CancelPendingFlush() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;

        // What the kernel may still read from goes back when the write has failed.
        if (!_isSending)
        {
            Release();
        }
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is null && !_isCompleted)
        {
            await FlushAsync().ConfigureAwait(false);
        }

        Complete(exception);
    }

    private async ValueTask<FlushResult> SendAsync(int sent, CancellationToken cancellationToken)
    {
        _isSending = true;
        try
        {
            while (sent < _length)
            {
                sent += await socket.SendAsync(_buffer.AsMemory(sent, _length - sent), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            }

            return new FlushResult(isCanceled: false, _isCompleted);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw new IOException(error.Message, error);
        }
        finally
        {
            _isSending = false;
            Release();
        }
    }

    private void MakeRoom(int sizeHint)
    {
        if (_buffer.Length - _length >= Math.Max(sizeHint, 1))
        {
            return;
        }

        // The next size is four times as large: a long write is copied once or twice, and not with every frame.
        var next = ArrayPool<byte>.Shared.Rent(Math.Max(_length + sizeHint, _buffer.Length == 0 ? BufferSize : 4 * _buffer.Length));
        _buffer.AsSpan(0, _length).CopyTo(next);
        var length = _length;
        Release();
        _buffer = next;
        _length = length;
    }

    private void Release()
    {
        var buffer = Interlocked.Exchange(ref _buffer, []);
        _length = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
