using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit.Probes;

namespace Xtmp.TestKit;

/// <summary>A turn of a probe.</summary>
public delegate ValueTask<ProbeReply> ProbeScript(ProbeGrain grain, ProbeCall call, CallContext context);

/// <summary>A stream method of a probe.</summary>
public delegate IAsyncEnumerable<ProbeItem> ProbeStreamScript(ProbeGrain grain, ProbeWatch call, CallContext context);

/// <summary>The scripts of one test, by name; <c>add</c>, <c>read</c> and <c>where</c> are there from the start.</summary>
public sealed class ProbeScripts
{
    private readonly ConcurrentDictionary<string, ProbeScript> _scripts = new();
    private readonly ConcurrentDictionary<string, ProbeStreamScript> _streams = new();

    public ProbeScripts()
    {
        this["add"] = static (grain, call, _) =>
        {
            grain.Number += call.Number;
            return new(ProbeGrain.Reply(grain.Number));
        };
        this["read"] = static (grain, _, _) => new(ProbeGrain.Reply(grain.Number, grain.Text));
        this["where"] = static (grain, _, _) => new(ProbeGrain.Reply(grain.Instance));
    }

    public Func<ProbeGrain, ValueTask> OnActivate { get; set; } = static _ => ValueTask.CompletedTask;

    public Func<ProbeGrain, string, ValueTask> OnReminder { get; set; } = static (_, _) => ValueTask.CompletedTask;

    public Func<ProbeGrain, IXtmpMessage, GrainId, ValueTask> OnDelivered { get; set; } = static (_, _, _) => ValueTask.CompletedTask;

    public Func<ProbeGrain, IXtmpMessage, GrainId, XtmpException, ValueTask> OnRefused { get; set; } = static (_, _, _, _) => ValueTask.CompletedTask;

    public ProbeScript this[string name]
    {
        set => _scripts[name] = value;
    }

    public void Stream(string name, ProbeStreamScript script) => _streams[name] = script;

    /// <summary>Adds the probes with these scripts to a silo.</summary>
    public void Register(ISiloBuilder silo)
    {
        silo.Services.AddSingleton(this);
        silo.AddXtmpGrain<ProbeGrain>();
    }

    internal ProbeScript Find(string name) => _scripts[name];

    internal ProbeStreamScript FindStream(string name) => _streams[name];
}
