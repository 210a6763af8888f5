using System.CommandLine;
using System.Text.Json;
using Xtmp.Cli.Schema;
using Xtmp.Protocol;

namespace Xtmp.Cli.Calls;

/// <summary><c>xtmp call Handler.Method JSON</c></summary>
public static class CallCommand
{
    public static Command Create()
    {
        MethodArguments call = new("{}");
        Option<bool> asWallet = new("--wallet") { Description = "Speak for the wallet of --identity: authenticate it in the session first." };
        ServerOptions server = new();
        Command command = new("call", """
            Calls a method of a silo and prints the reply as JSON, an object a line; of a stream each item until Ctrl-C.
            Bytes are hex; u64, i64 and durations (µs) may be numbers or text. Secrets in replies are redacted.

            Example: xtmp call Registry.Query '{"name":"bundles.example"}' --fingerprint 6f3a…
            Example: xtmp call Wallet.Balance '{"wallet":"0f9c…"}' --identity me.pem --wallet
            Example: xtmp call Stream.Updates '{"topic":"bundle:b1","stream_type":"bundle_updates"}' --identity me.pem
            Example: xtmp call Order.Place - --schema orders.yaml --known-hosts hosts --identity me.pem < order.json
            """);
        call.AddTo(command);
        command.Options.Add(asWallet);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Terminal terminal = server.TerminalOf(parsed);
            if (await call.ReadAsync(parsed, terminal, cancellationToken) is not { } prepared)
            {
                return ExitCodes.Usage;
            }

            return await server.UseAsync(parsed, options => options, cancellationToken, async (connection, identity) =>
            {
                if (parsed.GetValue(asWallet) && identity is null)
                {
                    throw new FormatException("--wallet needs --identity: the wallet is named by its keys.");
                }

                ICallInvoker invoker = parsed.GetValue(asWallet) ? new XtmpWallet(connection, identity!).Invoker : connection.Invoker;
                try
                {
                    await prepared.CallAsync(invoker, terminal.Json, cancellationToken);
                }
                catch (OperationCanceledException) when (prepared.IsStream && cancellationToken.IsCancellationRequested)
                {
                    // Ctrl-C is how a stream that has no end is left.
                }
            });
        });
        return command;
    }
}
