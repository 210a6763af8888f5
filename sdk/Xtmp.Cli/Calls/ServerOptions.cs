using System.CommandLine;
using Xtmp.Cli.Schema;
using Xtmp.Cli.Trust;

namespace Xtmp.Cli.Calls;

/// <summary>Options of every verb that connects to a silo, and what they mean.</summary>
internal sealed class ServerOptions
{
    private readonly Option<string> _endpoint = new("--endpoint", "-e") { Description = "The silo; several of one network, separated by commas.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable(XtmpEndpoint.EnvironmentVariable) is { Length: > 0 } endpoint ? endpoint : XtmpEndpoint.Default.ToString() };
    private readonly Option<string?> _fingerprint = new("--fingerprint") { Description = "The silo's fingerprint (64 hex digits), as it prints it at start. With none, 'xtmp trust' has to know the endpoint." };
    private readonly Option<string?> _knownHosts = new("--known-hosts") { Description = "File of known silos to use and to add to; the first contact with a new one is not protected." };
    private readonly Option<string?> _identity = new("--identity") { Description = "Identity file ('xtmp keygen') to prove in the handshake." };
    private readonly Option<int> _timeout = Arguments.Whole("--timeout", "Seconds for the connection, and for the call.", 15, 1, 3600);

    public Option<bool> Json { get; } = Arguments.Json();

    /// <summary>Ctrl-C is the expected end, not a failure.</summary>
    public bool EndsByInterrupt { get; init; }

    public void AddTo(Command command)
    {
        command.Options.Add(_endpoint);
        command.Options.Add(_fingerprint);
        command.Options.Add(_knownHosts);
        command.Options.Add(_identity);
        command.Options.Add(_timeout);
        command.Options.Add(Json);
    }

    public Terminal TerminalOf(ParseResult parsed) => new(parsed, parsed.GetValue(Json));

    /// <summary>Connects, runs, and turns what fails into a line and an exit code.</summary>
    public Task<int> UseAsync(ParseResult parsed, CancellationToken cancellationToken, Func<XtmpConnection, Task> use) =>
        UseAsync(parsed, options => options, cancellationToken, (connection, _) => use(connection));

    /// <summary>The same, with options of the verb's own, and the identity where one was given.</summary>
    public async Task<int> UseAsync(ParseResult parsed, Func<XtmpClientOptions, XtmpClientOptions> configure, CancellationToken cancellationToken, Func<XtmpConnection, IdentityKey?, Task> use)
    {
        Terminal terminal = TerminalOf(parsed);
        string? identityPath = parsed.GetValue(_identity);
        if (identityPath is not null && !File.Exists(identityPath))
        {
            terminal.Error($"{identityPath}: there is no such file; 'xtmp keygen' makes one.");
            return ExitCodes.Usage;
        }

        try
        {
            string endpoint = parsed.GetValue(_endpoint)!;
            if (Trusting(parsed, endpoint, terminal) is not { } options)
            {
                return ExitCodes.Usage;
            }

            using IdentityKey? identity = identityPath is null ? null : IdentityFile.LoadOrCreate(identityPath);
            TimeSpan timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout));
            await using XtmpConnection connection = await XtmpConnection.ConnectAsync(
                endpoint, configure(options with { Identity = identity, ConnectTimeout = timeout, CallTimeout = timeout }), cancellationToken);
            await use(connection, identity);
            return ExitCodes.Ok;
        }
        catch (FormatException e)
        {
            terminal.Error($"{e.Message}");
            return ExitCodes.Usage;
        }
        catch (XtmpException e)
        {
            return terminal.Fail(e);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return EndsByInterrupt ? ExitCodes.Ok : ExitCodes.Interrupted;
        }
    }

    /// <summary>Whom to trust; null after saying that nothing tells.</summary>
    private XtmpClientOptions? Trusting(ParseResult parsed, string endpoint, Terminal terminal)
    {
        string? fingerprint = parsed.GetValue(_fingerprint);
        string? knownHosts = parsed.GetValue(_knownHosts);
        if (fingerprint is not null && knownHosts is not null)
        {
            terminal.Error($"--fingerprint and --known-hosts exclude each other.");
            return null;
        }

        if (knownHosts is not null)
        {
            return new XtmpClientOptions { KnownHostsPath = knownHosts };
        }

        Fingerprint pinned = default;
        if (fingerprint is null ? TrustStore.Find(endpoint, out pinned) : Fingerprint.TryParse(fingerprint, out pinned))
        {
            return new XtmpClientOptions { ServerFingerprint = pinned };
        }

        if (fingerprint is not null)
        {
            terminal.Error($"--fingerprint '{fingerprint}' is not 64 hex digits.");
            return null;
        }

        terminal.Error($"Nothing says which silo to trust at {endpoint}: give --fingerprint with 64 hex digits, or run 'xtmp trust add {endpoint} FINGERPRINT' once.");
        return null;
    }
}
