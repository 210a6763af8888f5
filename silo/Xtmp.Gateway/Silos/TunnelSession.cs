using System.Buffers;
using System.IO.Pipelines;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>
/// A byte stream inside a session: each one-way message is a bin with the next bytes. A side that does not read stops the other:
/// its pipe is full, its session's link is not read, and so the peer's send queue fills.
/// </summary>
internal sealed class TunnelSession : ISessionObserver, IAsyncDisposable
{
    private const int PipeBytes = 1024 * 1024;

    private static readonly PipeOptions Options = new(
        readerScheduler: PipeScheduler.Inline, pauseWriterThreshold: PipeBytes, resumeWriterThreshold: PipeBytes / 2, useSynchronizationContext: false);

    private readonly Pipe _received = new(Options);
    private readonly Pipe _toSend = new(Options);
    private readonly TunnelBytes _message = new();
    private readonly SessionPump _pump;
    private TaskCompletionSource? _room;
    private bool _isEstablished;

    public TunnelSession(XtmpSession session, ILink link, SessionClock clock)
    {
        _pump = new SessionPump(session, link, clock, this);
        Inner = new Ends(_received.Reader, _toSend.Writer);
    }

    /// <summary>The byte stream, for who would have had the link.</summary>
    public IDuplexPipe Inner { get; }

    /// <summary>How the session ended; null while it lives.</summary>
    public SessionClose? Close { get; private set; }

    /// <summary>Null where both ends are who they should be; otherwise why the session is over.</summary>
    public async Task<SessionClose?> HandshakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _pump.HandshakeAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _pump.Abort(XtmpErrorCode.ConnectionClosed, "The connection closed during the handshake.");
        }

        return _isEstablished ? null : Close ?? new SessionClose(SessionCloseReason.EndOfStream, Fault.Network, XtmpErrorCode.ConnectionClosed, "The peer closed during the handshake.");
    }

    /// <summary>Carries bytes both ways until one side closes.</summary>
    public async Task RunAsync()
    {
        var sending = SendAsync();
        try
        {
            await _pump.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            // Whoever reads the stream hears of its end, and whoever writes to it that nobody takes it.
            await _received.Writer.CompleteAsync().ConfigureAwait(false);
            _toSend.Reader.CancelPendingRead();
            await sending.ConfigureAwait(false);
        }
    }

    /// <summary>Ends the stream: what was written to it still leaves.</summary>
    public async ValueTask CloseAsync()
    {
        await _received.Reader.CompleteAsync().ConfigureAwait(false);
        await _toSend.Writer.CompleteAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _pump.DisposeAsync();

    void ISessionObserver.OnEvent(XtmpSession session, in SessionEvent sessionEvent)
    {
        switch (sessionEvent.Kind)
        {
            case SessionEventKind.Established:
                _isEstablished = true;
                break;
            case SessionEventKind.OneWay when TunnelBytes.TryRead(sessionEvent.Code, sessionEvent.Payload.Span, out var bytes):
                _received.Writer.Write(bytes);
                break;
            case SessionEventKind.OneWay or SessionEventKind.Request:
                session.Abort(XtmpErrorCode.UnknownMessageType, "Between silos there are only bytes.");
                break;
            case SessionEventKind.Closed:
                Close = sessionEvent.Close;
                _room?.TrySetResult();
                break;
        }
    }

    void ISessionObserver.OnRoom(XtmpSession session) => _room?.TrySetResult();

    async ValueTask ISessionObserver.OnInputHandledAsync() => await _received.Writer.FlushAsync().ConfigureAwait(false);

    private async Task SendAsync()
    {
        while (true)
        {
            var read = await _toSend.Reader.ReadAsync().ConfigureAwait(false);
            var (rest, room) = _pump.Use((self: this, read.Buffer), static (session, state) => state.self.Send(session, state.Buffer));
            _toSend.Reader.AdvanceTo(rest.Start);
            if (room is not null)
            {
                await room.ConfigureAwait(false);
            }
            else if (read.IsCompleted || read.IsCanceled || !rest.IsEmpty)
            {
                break;
            }
        }

        await _toSend.Reader.CompleteAsync().ConfigureAwait(false);
        _pump.Use(this, static (session, _) => session.CloseGracefully());
    }

    /// <summary>What is left, and where the queue is full when there is room for it; null with a rest: the session is over.</summary>
    private (ReadOnlySequence<byte> Left, Task? Room) Send(XtmpSession session, ReadOnlySequence<byte> bytes)
    {
        while (!bytes.IsEmpty && session.State == SessionState.Established)
        {
            if (session.IsSendQueueFull)
            {
                _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return (bytes, _room.Task);
            }

            var length = Math.Min(bytes.Length, TunnelBytes.MaxBytes);
            _message.Bytes = bytes.Slice(0, length);
            session.SendOneWay(_message, default);
            bytes = bytes.Slice(length);
        }

        return (bytes, null);
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
