using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli.Silos;

/// <summary><c>xtmp server start|status|metrics</c></summary>
public static class ServerCommand
{
    /// <summary>Names the silo's program where it is not on the path.</summary>
    private const string ProgramVariable = "XTMP_SILO";

    private const string DefaultAdmin = "http://127.0.0.1:7779";
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private static readonly string[] ProgramNames = ["xtmp-silo", "Xtmp.Silo"];
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    public static Command Create() => new("server", "Starts a silo, or asks the admin port of one on this machine how it is.") { Start(), Status(), Metrics() };

    private static Command Start()
    {
        Option<FileInfo?> config = new("--config") { Description = "The silo's configuration file." };
        Argument<string[]> rest = new("arguments") { Description = "Behind --, arguments for the silo itself.", Arity = ArgumentArity.ZeroOrMore };
        Command command = new("start", $"""
            Runs the silo's program, which is not part of this command: it is looked for as {string.Join(" and ", ProgramNames)} on the
            PATH, or where {ProgramVariable} says. Ctrl-C is passed on, and the exit code is the silo's.

            Example: xtmp server start --config xtmp.toml
            Example: xtmp server start -- --data ./data --port 7778
            """)
        {
            config, rest,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Terminal terminal = new(parsed, isJson: false);
            if (parsed.GetValue(config) is { Exists: false } missing)
            {
                terminal.Error($"{missing.FullName}: there is no such file.");
                return ExitCodes.Usage;
            }

            if (FindProgram() is not { } program)
            {
                terminal.Error($"The silo is not installed here: neither {string.Join(" nor ", ProgramNames)} is on the PATH. Publish it from the repository ('dotnet publish silo/Xtmp.Silo -c Release -o xtmp-silo') and put the folder on the PATH, or name the program in {ProgramVariable}.");
                return ExitCodes.Usage;
            }

            string[] arguments = [.. parsed.GetValue(config) is { } file ? (string[])["--config", file.FullName] : [], .. parsed.GetValue(rest) ?? []];
            return await RunAsync(program, arguments, cancellationToken);
        });
        return command;
    }

    private static Command Status()
    {
        Command command = new("status", """
            Says whether the silo runs and takes clients. Exit code 0 where it does, 3 where it does not.

            Example: xtmp server status
            Example: xtmp server status --admin http://127.0.0.1:9000 --json
            """);
        return Asks(command, async (_, terminal, http, cancellationToken) =>
        {
            using HttpResponseMessage ready = await http.GetAsync("/readyz", cancellationToken);
            string text = (await ready.Content.ReadAsStringAsync(cancellationToken)).Trim();
            terminal.Object(new JsonObject { ["alive"] = true, ["ready"] = ready.IsSuccessStatusCode, ["reason"] = ready.IsSuccessStatusCode ? null : text });
            return ready.IsSuccessStatusCode ? ExitCodes.Ok : ExitCodes.Failed;
        });
    }

    private static Command Metrics()
    {
        Option<string?> session = new("--session-id") { Description = "The quality of one session: its id as 'xtmp ping' or the log shows it, hex." };
        Option<string?> filter = new("--filter") { Description = "Beginning of the names wanted, such as rpc_server." };
        Command command = new("metrics", """
            Shows what the silo measures, or with --session-id the latency, throughput, loss and errors of one session.

            Example: xtmp server metrics --filter xtmp_
            Example: xtmp server metrics --session-id 00a1b2c3d4e5f607 --json
            """) { session, filter };
        return Asks(command, async (parsed, terminal, http, cancellationToken) =>
        {
            if (parsed.GetValue(session) is { } id)
            {
                using HttpResponseMessage answer = await http.GetAsync($"/sessions/{Uri.EscapeDataString(id)}", cancellationToken);
                string text = await answer.Content.ReadAsStringAsync(cancellationToken);
                if (!answer.IsSuccessStatusCode)
                {
                    terminal.Error($"{text.Trim()}");
                    return ExitCodes.Failed;
                }

                terminal.Object(JsonNode.Parse(text)!.AsObject());
                return ExitCodes.Ok;
            }

            string wanted = parsed.GetValue(filter) ?? "";
            foreach (string line in (await http.GetStringAsync("/metrics", cancellationToken)).Split('\n'))
            {
                if (PrometheusLine.TryParse(line, out PrometheusLine? sample) && sample.Name.StartsWith(wanted, StringComparison.Ordinal))
                {
                    Show(terminal, sample);
                }
            }

            return ExitCodes.Ok;
        });
    }

    private static void Show(Terminal terminal, PrometheusLine sample)
    {
        if (terminal.IsJson)
        {
            terminal.Json(new JsonObject { ["name"] = sample.Name, ["labels"] = new JsonObject(sample.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))), ["value"] = double.IsFinite(sample.Value) ? sample.Value : sample.Value.ToString(CultureInfo.InvariantCulture) });
        }
        else
        {
            terminal.Line($"{sample.Name}{(sample.Labels.Count == 0 ? "" : $" {{{string.Join(", ", sample.Labels.Select(l => $"{l.Key}={l.Value}"))}}}")}  {sample.Value.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    private static Command Asks(Command command, Func<ParseResult, Terminal, HttpClient, CancellationToken, Task<int>> ask)
    {
        Option<string> admin = new("--admin") { Description = "The silo's admin port.", DefaultValueFactory = _ => DefaultAdmin };
        Option<bool> json = Arguments.Json();
        command.Options.Add(admin);
        command.Options.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Terminal terminal = new(parsed, parsed.GetValue(json));
            if (!Uri.TryCreate(parsed.GetValue(admin), UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttp)
            {
                terminal.Error($"--admin takes an address such as {DefaultAdmin}.");
                return ExitCodes.Usage;
            }

            using HttpClient http = new() { BaseAddress = address, Timeout = AnswerTimeout, MaxResponseContentBufferSize = MaxAnswerBytes };
            try
            {
                return await ask(parsed, terminal, http, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                terminal.Error($"Nothing answers at {address}: {e.Message} A silo has an admin port where it was started with one.");
                return ExitCodes.Failed;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                terminal.Error($"No answer from {address} within {AnswerTimeout.TotalSeconds} s.");
                return ExitCodes.Failed;
            }
            catch (OperationCanceledException)
            {
                return ExitCodes.Interrupted;
            }
        });
        return command;
    }

    private static string? FindProgram()
    {
        if (Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } named)
        {
            return File.Exists(named) ? named : null;
        }

        string suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.SelectMany(folder => ProgramNames.Select(name => Path.Combine(folder, name + suffix))).FirstOrDefault(File.Exists);
    }

    private static async Task<int> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;

        // The terminal sends Ctrl-C to both; what is waited for is the silo's drain, not this command's own end.
        await using CancellationTokenRegistration stop = cancellationToken.Register(() => Stop(process));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static void Stop(Process process)
    {
        if (!process.HasExited && !OperatingSystem.IsWindows())
        {
            using Process? kill = Process.Start(new ProcessStartInfo("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]));
            kill?.WaitForExit();
        }
    }
}
