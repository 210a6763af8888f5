using CrapsTable;

if (args is ["player", ..])
{
    return await Player.RunAsync(args[1..]);
}

var (json, seats, rounds) = (false, 4, 30);
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--json":
            json = true;
            break;
        case "--seats" when i + 1 < args.Length && int.TryParse(args[i + 1], out seats) && seats is 2 or 4:
            i++;
            break;
        case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], out rounds) && rounds is >= 12 and <= 1_000:
            i++;
            break;
        default:
            Console.Error.WriteLine("Usage: CrapsTable [--json] [--seats 2|4] [--rounds 12..1000]");
            return 2;
    }
}

using var interrupted = new CancellationTokenSource(TimeSpan.FromMinutes(10));
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    interrupted.Cancel();
};

try
{
    await new Evening(new Reporter(Console.Out, json), seats, rounds).RunAsync(interrupted.Token);
    return 0;
}
catch (Exception error) when (error is InvalidOperationException or OperationCanceledException or Xtmp.XtmpException)
{
    Console.Error.WriteLine($"craps table: {error.Message}");
    return 1;
}
