using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>How one message is sent. <c>default</c>: normal priority, no ack, uncompressed, over the stream.</summary>
public readonly record struct SendOptions
{
    public MessagePriority Priority { get; init; }

    /// <summary>One-way messages only: an <see cref="SessionEventKind.Ack"/> event follows when the peer has it.</summary>
    public bool RequiresAck { get; init; }

    /// <summary>The schema allows compression.</summary>
    public bool Compressible { get; init; }

    public TransportClass Transport { get; init; }

    /// <summary>Requests only: the answer is a stream of items.</summary>
    public bool Stream { get; init; }

    /// <summary>
    /// Streams only: items the peer may send at first. 0 takes the announced <see cref="SessionLimits.InitialStreamCredit"/>;
    /// a larger value goes out as a Credit message right behind the request.
    /// </summary>
    public ulong InitialCredit { get; init; }

    /// <summary>What the schema says of a message.</summary>
    public static SendOptions From(MessageInfo info) => new()
    {
        Priority = info.Priority,
        RequiresAck = info.RequiresAck && info.Kind == FrameKind.OneWay,
        Compressible = info.Compressible,
        Transport = info.Transport,
    };
}
