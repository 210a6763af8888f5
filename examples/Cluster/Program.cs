using System.CommandLine;
using System.Runtime.InteropServices;
using Cluster;
using Xtmp;

var kill = new Option<int?>("--kill") { Description = "Kill this silo (1, 2 or 3) after a third of the time, as kill -9 does." };
var seconds = new Option<int>("--seconds") { Description = "How long to run; 0 runs until Ctrl-C.", DefaultValueFactory = _ => 0 };
var wallets = new Option<int>("--wallets") { Description = "Wallets that pay each other, 2 to 64.", DefaultValueFactory = _ => 6 };
var json = new Option<bool>("--json") { Description = "One JSON object a second, and nothing else on standard output." };
kill.Validators.Add(result => Within(result, "--kill", 1, ClusterRun.SiloCount));
seconds.Validators.Add(result => Within(result, "--seconds", 0, 86_400));
wallets.Validators.Add(result => Within(result, "--wallets", 2, 64));
var root = new RootCommand(
    """
    Three silos on a PostgreSQL of their own, wallets that pay each other over all of them, and a table to watch.

    Keys: 1, 2, 3 kill a silo (it is started again after five seconds), q or Ctrl-C ends. At the end every balance is compared
    with what was acknowledged.
    Exit codes: 0 nothing acknowledged was lost or doubled, 1 it was, or the cluster could not be started, 2 wrong arguments.
    """)
{
    kill, seconds, wallets, json,
};
root.SetAction(async (parsed, cancellationToken) =>
{
    using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    // Everything is cleaned up on the way out, so the first signal only asks for the way out.
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
    var length = parsed.GetValue(seconds) is > 0 and var some ? some : parsed.GetValue(kill) is null ? 0 : 15;
    if (length > 0)
    {
        stop.CancelAfter(TimeSpan.FromSeconds(length + ClusterRun.StartAllowance.TotalSeconds));
    }

    IView view = parsed.GetValue(json) ? new JsonView() : Console.IsOutputRedirected || Console.IsInputRedirected ? new LineView() : new TableView();
    try
    {
        await using var run = new ClusterRun(parsed.GetValue(wallets), view);
        await run.StartAsync(stop.Token);
        if (length > 0)
        {
            stop.CancelAfter(TimeSpan.FromSeconds(length));
        }

        await run.WatchAsync(parsed.GetValue(kill) is { } silo ? (silo - 1, TimeSpan.FromSeconds(length / 3.0)) : null, stop);
        return await run.CheckAsync() ? 0 : 1;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        Console.Error.WriteLine("cluster: stopped before the silos were serving.");
        return 1;
    }
    catch (Exception error) when (error is ClusterException or XtmpException)
    {
        Console.Error.WriteLine($"cluster: {error.Message}");
        return 1;
    }
});
var command = root.Parse(args);
if (command.Errors.Count > 0)
{
    foreach (var error in command.Errors)
    {
        Console.Error.WriteLine($"cluster: {error.Message}");
    }

    return 2;
}

return await command.InvokeAsync(new() { ProcessTerminationTimeout = null });

static void Stop(PosixSignalContext context, CancellationTokenSource stop)
{
    context.Cancel = true;
    stop.Cancel();
}

static void Within(System.CommandLine.Parsing.OptionResult result, string name, int min, int max)
{
    if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var value) || value < min || value > max))
    {
        result.AddError($"{name} takes a number from {min} to {max}, not '{text}'.");
    }
}
