using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;

namespace Xtmp.TestKit;

/// <summary>A grain whose turns are scripts of the test.</summary>
public sealed class ProbeGrain(ProbeScripts scripts) : XtmpGrain<ProbeState>, IProbeHandler
{
    private static long _instances;

    /// <summary>Tells one activation from the next.</summary>
    public long Instance { get; } = Interlocked.Increment(ref _instances);

    public new IXtmpGrainContext Context => base.Context;

    /// <summary>The state's number, 0 where there is none.</summary>
    public long Number
    {
        get => State?.Number ?? 0;
        set => State = new ProbeState { Number = value, Text = State?.Text ?? "" };
    }

    public string Text
    {
        get => State?.Text ?? "";
        set => State = new ProbeState { Number = Number, Text = value };
    }

    public bool HasState => State is not null;

    public ValueTask<ProbeReply> RunAsync(ProbeCall request, CallContext context = default) => scripts.Find(request.Script)(this, request, context);

    public IAsyncEnumerable<ProbeItem> WatchAsync(ProbeWatch request, CallContext context = default) => scripts.FindStream(request.Script)(this, request, context);

    public async ValueTask NoteAsync(ProbeNote request, CallContext context = default) =>
        await scripts.Find(request.Script)(this, new ProbeCall { Key = request.Key, Script = request.Script, Number = request.Number }, context);

    public static ProbeReply Reply(long number = 0, string text = "") => new() { Number = number, Text = text };

    protected override ValueTask OnLoadedAsync() => scripts.OnActivate(this);

    protected override ValueTask OnReminderAsync(string name) => scripts.OnReminder(this, name);

    protected override ValueTask OnDeliveredAsync(IXtmpMessage message, GrainId receiver) => scripts.OnDelivered(this, message, receiver);

    protected override ValueTask OnRefusedAsync(IXtmpMessage message, GrainId receiver, XtmpException error) => scripts.OnRefused(this, message, receiver, error);
}
