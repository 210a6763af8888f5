using System.Net.WebSockets;

namespace Xtmp.Transport;

/// <summary>Binary messages of a WebSocket as bytes, each write as one message. A text message closes with 1003 (SPEC §3).</summary>
internal sealed class WebSocketByteStream(WebSocket socket) : Stream
{
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (!_ended)
            {
                var received = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
                switch (received.MessageType)
                {
                    case WebSocketMessageType.Close:
                        _ended = true;
                        break;
                    case WebSocketMessageType.Text:
                        _ended = true;
                        await socket.CloseOutputAsync(WebSocketCloseStatus.InvalidMessageType, "XTMP is binary", cancellationToken).ConfigureAwait(false);
                        break;
                    case WebSocketMessageType.Binary when received.Count > 0 || buffer.IsEmpty:
                        return received.Count;
                }

                // An empty message says nothing, and is not the end.
            }

            return 0;
        }
        catch (WebSocketException error)
        {
            throw new IOException("The WebSocket is gone.", error);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await socket.SendAsync(buffer, WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException error)
        {
            throw new IOException("The WebSocket is gone.", error);
        }
        catch (InvalidOperationException error)
        {
            throw new IOException("The WebSocket is closed.", error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
