using System.CommandLine;
using Xtmp.Cli.Schema;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Cli.Calls;

/// <summary>Options of every verb that connects to a silo, and what they mean.</summary>
internal sealed class ServerOptions
{
    private readonly Option<string> _endpoint = new("--endpoint") { Description = "The silo.", DefaultValueFactory = _ => "xtmp://localhost:7778" };
    private readonly Option<string?> _fingerprint = new("--fingerprint") { Description = "The silo's fingerprint (64 hex digits), as it prints it at start." };
    private readonly Option<string?> _knownHosts = new("--known-hosts") { Description = "File of known silos in place of a fingerprint; the first contact with a new one is not protected." };
    private readonly Option<string?> _identity = new("--identity") { Description = "Identity file ('xtmp keygen') to prove in the handshake." };
    private readonly Option<int> _timeout = Arguments.Whole("--timeout", "Seconds for the connection, and for the call.", 15, 1, 3600);

    public void AddTo(Command command)
    {
        command.Options.Add(_endpoint);
        command.Options.Add(_fingerprint);
        command.Options.Add(_knownHosts);
        command.Options.Add(_identity);
        command.Options.Add(_timeout);
    }

    /// <summary>Connects, runs, and turns what fails into a line and an exit code.</summary>
    public async Task<int> UseAsync(ParseResult parsed, CancellationToken cancellationToken, Func<XtmpConnection, Task> use)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        string? fingerprint = parsed.GetValue(_fingerprint);
        string? knownHosts = parsed.GetValue(_knownHosts);
        Fingerprint pinned = default;
        if (fingerprint is null == knownHosts is null || (fingerprint is not null && !Fingerprint.TryParse(fingerprint, out pinned)))
        {
            error.WriteLine("Say which silo to trust: --fingerprint with 64 hex digits, or --known-hosts with a file.");
            return ExitCodes.Usage;
        }

        string? identityPath = parsed.GetValue(_identity);
        if (identityPath is not null && !File.Exists(identityPath))
        {
            error.WriteLine($"{PlainText.Of(identityPath)}: there is no such file; 'xtmp keygen' makes one.");
            return ExitCodes.Usage;
        }

        try
        {
            using IdentityKey? identity = identityPath is null ? null : IdentityFile.LoadOrCreate(identityPath, SystemEntropy.Instance);
            TimeSpan timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout));
            await using XtmpConnection client = await XtmpConnection.ConnectAsync(
                parsed.GetValue(_endpoint)!,
                new XtmpClientOptions
                {
                    ServerFingerprint = fingerprint is null ? null : pinned,
                    KnownHostsPath = knownHosts,
                    Identity = identity,
                    ConnectTimeout = timeout,
                    CallTimeout = timeout,
                },
                cancellationToken);
            await use(client);
            return ExitCodes.Ok;
        }
        catch (FormatException e)
        {
            error.WriteLine(PlainText.Of(e.Message));
            return ExitCodes.Usage;
        }
        catch (XtmpException e)
        {
            error.WriteLine($"{e.Code} ({(int)e.Code}), {e.Fault.ToString().ToLowerInvariant()} fault{(e.Field is null ? "" : $", field {PlainText.Of(e.Field)}")}{(e.Retryable ? ", may be repeated" : "")}: {PlainText.Of(e.Message)}");
            return ExitCodes.Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            error.WriteLine("Stopped.");
            return ExitCodes.Failed;
        }
    }
}
