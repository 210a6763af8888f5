using System.CommandLine;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema;
using Xtmp.Transport;

namespace Xtmp.Cli.Trust;

/// <summary><c>xtmp trust add|list|remove</c></summary>
public static class TrustCommand
{
    private static readonly Option<string?> File = new("--file") { Description = $"The file, in place of the user's own ({TrustStore.EnvironmentVariable} names another one too)." };

    public static Command Create() => new("trust", """
        Which silos are trusted, by the endpoints they are reached at. Other verbs look here where no --fingerprint is given.
        """)
    {
        Add(), List(), Remove(),
    };

    private static Command Add()
    {
        Argument<string> endpoint = new("endpoint") { Description = "Such as xtmp://silo:7778 or silo:7778." };
        Argument<string> fingerprint = new("fingerprint") { Description = "The silo's fingerprint (64 hex digits), as it prints it at start, told by a way that can be trusted." };
        Command command = new("add", """
            Trusts a silo from now on. An endpoint that has another identity already is left alone: remove it first.

            Example: xtmp trust add silo.example:7778 6f3a…
            """) { endpoint, fingerprint };
        return Runs(command, (parsed, terminal, path) =>
        {
            if (!Fingerprint.TryParse(parsed.GetValue(fingerprint), out Fingerprint pinned))
            {
                throw new FormatException("A fingerprint has 64 hex digits.");
            }

            string host = TrustStore.HostOf(parsed.GetValue(endpoint)!);
            KnownHostsFile.Open(path).Remember(host, pinned, DateTimeOffset.UtcNow);
            terminal.Object(new JsonObject { ["host"] = host, ["fingerprint"] = pinned.ToString(), ["file"] = path });
            return ExitCodes.Ok;
        });
    }

    private static Command List()
    {
        Command command = new("list", """
            Lists the silos that are trusted.

            Example: xtmp trust list --json
            """);
        return Runs(command, (_, terminal, path) =>
        {
            foreach (KnownHost host in KnownHostsFile.Open(path).Hosts)
            {
                if (terminal.IsJson)
                {
                    terminal.Json(new JsonObject { ["host"] = host.Name, ["fingerprint"] = host.Fingerprint.ToString() });
                }
                else
                {
                    terminal.Line($"{host.Fingerprint}  {host.Name}");
                }
            }

            return ExitCodes.Ok;
        });
    }

    private static Command Remove()
    {
        Argument<string> endpoint = new("endpoint") { Description = "As it is in the list." };
        Command command = new("remove", """
            Trusts a silo no longer.

            Example: xtmp trust remove silo.example:7778
            """) { endpoint };
        return Runs(command, (parsed, terminal, path) =>
        {
            string host = TrustStore.HostOf(parsed.GetValue(endpoint)!);
            if (!KnownHostsFile.Open(path).Forget(host))
            {
                terminal.Error($"{host} is not in {path}.");
                return ExitCodes.Findings;
            }

            terminal.Object(new JsonObject { ["removed"] = host });
            return ExitCodes.Ok;
        });
    }

    private static Command Runs(Command command, Func<ParseResult, Terminal, string, int> run)
    {
        Option<bool> json = Arguments.Json();
        command.Options.Add(File);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            Terminal terminal = new(parsed, parsed.GetValue(json));
            try
            {
                return run(parsed, terminal, parsed.GetValue(File) ?? TrustStore.DefaultPath);
            }
            catch (Exception e) when (e is FormatException or XtmpException)
            {
                terminal.Error($"{e.Message}");
                return ExitCodes.Usage;
            }
        });
        return command;
    }
}
