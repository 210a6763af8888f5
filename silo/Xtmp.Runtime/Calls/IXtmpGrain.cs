using Orleans;
using Orleans.Concurrency;

namespace Xtmp.Runtime;

/// <summary>
/// The one Orleans interface of every XTMP grain. Typed handlers come from a generator whose output Orleans' own cannot see;
/// both meet here. Every method interleaves: the grain's own gate puts turns in order, bounds the queue, and lets a reply
/// wait for deliveries without holding the grain.
/// </summary>
[Alias("xtmp.grain")]
internal interface IXtmpGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    [Alias("call")]
    ValueTask<XtmpReply> InvokeAsync(XtmpCall call, CancellationToken cancellationToken = default);

    [AlwaysInterleave]
    [Alias("stream")]
    IAsyncEnumerable<XtmpReply> StreamAsync(XtmpCall call, CancellationToken cancellationToken = default);

    /// <summary>Makes the grain active; calls from its own silo then need no messaging.</summary>
    [AlwaysInterleave]
    [Alias("activate")]
    ValueTask ActivateAsync();

    /// <summary>A durable reminder is due. False where it could not be run now.</summary>
    [AlwaysInterleave]
    [Alias("remind")]
    ValueTask<bool> RemindAsync(string name, DateTimeOffset due);

    /// <summary>The store holds this message of the grain (a RemoteMessage); the grain delivers it unless it is at it already.</summary>
    [AlwaysInterleave]
    [Alias("resume")]
    ValueTask ResumeAsync(byte[] message);
}
