using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// A grain with durable state. The state is a generated, immutable record: a turn replaces it
/// (<c>State = State with { … }</c>), it is encoded with its codec and committed before the reply leaves, and a
/// turn that throws leaves the committed one in place.
/// </summary>
public abstract class XtmpGrain<TState> : XtmpGrain
    where TState : class, IXtmpStruct<TState>
{
    private TState? _committed;
    private TState? _current;

    /// <summary>The state, or null where the grain has never written one. It is never set back to null.</summary>
    /// <exception cref="InvalidOperationException">Read or written outside a turn, for example from a stream's enumeration.</exception>
    protected TState? State
    {
        get
        {
            Context.EnsureTurn();
            return _current;
        }

        set
        {
            Context.EnsureTurn();
            ArgumentNullException.ThrowIfNull(value);
            _current = value;
        }
    }

    internal sealed override void LoadState(byte[]? bytes)
    {
        if (bytes is null)
        {
            return;
        }

        var status = TState.TryDecode(bytes, StoredLimits.Value, out var value, out var consumed, out var error);
        if (status != DecodeStatus.Ok || consumed != bytes.Length)
        {
            throw new XtmpException(
                XtmpErrorCode.StorageUnavailable,
                Fault.Local,
                $"The stored state of {Context.Id} is not a {typeof(TState).Name}: {(status == DecodeStatus.Ok ? "bytes follow it" : error.ToString())}.");
        }

        _committed = _current = value;
    }

    internal sealed override byte[]? EncodeChangedState()
    {
        if (ReferenceEquals(_current, _committed) || _current is null)
        {
            return null;
        }

        // What cannot be read back must not be written.
        if (!_current.TryValidate(out var error))
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The new state of {Context.Id} is not a valid {typeof(TState).Name}: {error}.");
        }

        var bytes = new byte[_current.GetEncodedSize()];
        var written = _current.Encode(bytes);
        Invariant.Check(written == bytes.Length);
        return bytes;
    }

    internal sealed override void StateCommitted() => _committed = _current;

    internal sealed override void RollBackState() => _current = _committed;
}
