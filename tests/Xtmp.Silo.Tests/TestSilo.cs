using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>A silo of its own on a free port, with a fresh directory that goes away with it.</summary>
internal sealed class TestSilo : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly SiloHandlers[] _handlers;

    private TestSilo(DirectoryInfo directory, SiloHost host, LogCapture log, SiloOptions options, SiloHandlers[] handlers)
    {
        _directory = directory;
        _handlers = handlers;
        Host = host;
        Log = log;
        Options = options;
    }

    public SiloHost Host { get; private set; }

    public LogCapture Log { get; }

    public SiloOptions Options { get; }

    public string Endpoint => $"xtmp://{Host.EndPoint}";

    public static async Task<TestSilo> StartAsync(Func<SiloOptions, SiloOptions>? configure = null, params SiloHandlers[] handlers)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-silo-");
        var log = new LogCapture();
        var options = new SiloOptions { DataDirectory = directory.FullName, Port = 0, Grains = new GrainOptions { OpeningBalance = 1_000_00, Nodes = new Dictionary<string, IdentityPublicKey> { [SampleBundle.NodeId] = SampleBundle.Node.Public } } };
        options = configure?.Invoke(options) ?? options;
        return new TestSilo(directory, await SiloHost.StartAsync(options, log, handlers), log, options, handlers);
    }

    /// <summary>Stops the silo and starts it again on the same files.</summary>
    public async Task RestartAsync()
    {
        await Host.StopAsync();
        Host = await SiloHost.StartAsync(Options, Log, _handlers);
    }

    /// <summary>A well-behaved client with an identity of its own.</summary>
    public async Task<XtmpConnection> ConnectAsync(IdentityKey? identity = null, Func<XtmpClientOptions, XtmpClientOptions>? configure = null)
    {
        var options = new XtmpClientOptions
        {
            ServerFingerprint = Host.Fingerprint,
            Identity = identity ?? IdentityKey.Generate(SystemEntropy.Instance),
        };
        options = configure?.Invoke(options) ?? options;
        return await XtmpConnection.ConnectAsync(Endpoint, options);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
