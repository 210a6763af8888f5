using System.Collections.Concurrent;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.Testing;
using Xtmp.TestKit.Probes;

namespace Xtmp.TestKit;

/// <summary>A silo of probes with its clock, its scripts and its store, as a conformance test wants them.</summary>
public sealed class GrainSiloFixture(TestSilo silo, ProbeScripts scripts) : IAsyncDisposable
{
    public GrainSilo Silo => silo.Silo;

    public IGrainStore Store => silo.Store;

    public ProbeScripts Scripts { get; } = scripts;

    public VirtualTimeProvider Time => silo.Time;

    public ConcurrentQueue<RuntimeFault> Faults => silo.Faults;

    /// <summary>Completes when nothing runs and no delivery is under way.</summary>
    public Task WhenQuietAsync() => Silo.WhenQuietAsync();

    public ValueTask<ProbeReply> RunAsync(string key, string script, long number = 0, string text = "", CallContext context = default) =>
        new ProbeClient(Silo).RunAsync(new ProbeCall { Key = key, Script = script, Number = number, Text = text }, context);

    public IAsyncEnumerable<ProbeItem> WatchAsync(string key, string script, CallContext context = default) =>
        new ProbeClient(Silo).WatchAsync(new ProbeWatch { Key = key, Script = script }, context);

    public ValueTask NoteAsync(string key, string script, long number = 0) =>
        new ProbeClient(Silo).NoteAsync(new ProbeNote { Key = key, Script = script, Number = number });

    public async Task<long> ReadAsync(string key) => (await RunAsync(key, "read")).Number;

    public ValueTask DisposeAsync() => silo.DisposeAsync();
}
