using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Xtmp.Transport;

/// <summary>
/// Reads a TCP socket: what is there, up to 64 KiB at a time. A buffer of the shared pool is taken when there is something to
/// read and goes back when that was consumed, so that a connection at rest holds none.
/// </summary>
internal sealed class SocketReader(Socket socket) : PipeReader
{
    private const int BufferSize = 64 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _hasUnexamined;
    private bool _hasEnded;
    private volatile bool _isReceiving;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _hasUnexamined || _hasEnded ? new(Result) : ReceiveAsync(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        result = Result;
        return _hasUnexamined || _hasEnded;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_buffer is null)
        {
            return;
        }

        _start = consumed.GetInteger();
        _hasUnexamined = examined.GetInteger() < _end;
        if (_start == _end)
        {
            Release();
        }
    }

    /// <summary>A read that waits ends as at the end of the stream: nothing is received any more.</summary>
    public override void CancelPendingRead()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed already, which ends the read as well.
        }
    }

    public override void Complete(Exception? exception = null)
    {
        // What the kernel may still write to is not given back.
        if (!_isReceiving)
        {
            Release();
        }
    }

    private ReadResult Result => new(_buffer is null ? default : new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled: false, _hasEnded);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReceiveAsync(CancellationToken cancellationToken)
    {
        _isReceiving = true;
        try
        {
            if (_buffer is null)
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            }

            MakeRoom();
            var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            _end += count;
            _hasUnexamined = count > 0;
            _hasEnded = count == 0;
            if (_start == _end)
            {
                Release();
            }

            return Result;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw new IOException(error.Message, error);
        }
        finally
        {
            _isReceiving = false;
        }
    }

    private void MakeRoom()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        }
        else if (_end == _buffer.Length)
        {
            // What was left unread moves to the front, of a larger buffer where it fills this one.
            var next = _start > 0 ? _buffer : ArrayPool<byte>.Shared.Rent(2 * _buffer.Length);
            Buffer.BlockCopy(_buffer, _start, next, 0, _end - _start);
            if (next != _buffer)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = next;
            }

            _end -= _start;
            _start = 0;
        }
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            _start = 0;
            _end = 0;
            _hasUnexamined = false;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
