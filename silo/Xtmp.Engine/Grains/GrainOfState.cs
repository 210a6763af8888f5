using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// A grain with durable state. The state is a generated, immutable record: a turn replaces it
/// (<c>State = State with { … }</c>), the engine encodes it with its codec and commits it before the reply leaves, and a
/// turn that throws leaves the committed one in place.
/// </summary>
public abstract class Grain<TState> : Grain
    where TState : class, IXtmpStruct<TState>
{
    // A state that a grain wrote is trusted, and may be larger than what a peer may send.
    private static readonly DecodeLimits Limits = new() { MaxDepth = 32, MaxElements = 16_777_216, MaxUnknownBytes = 16_777_216 };

    private TState? _committed;
    private TState? _current;

    protected Grain(IGrainContext context)
        : base(context)
    {
    }

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

        var status = TState.TryDecode(bytes, Limits, out var value, out var consumed, out var error);
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
        Assertion.Check(written == bytes.Length);
        return bytes;
    }

    internal sealed override void StateCommitted() => _committed = _current;

    internal sealed override void RollBackState() => _current = _committed;
}
