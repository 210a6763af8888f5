using System.Runtime.InteropServices;
using CrapsTable;

const string Usage = "Usage: CrapsTable [--json] [--seats 2|4] [--rounds 12..1000]";

if (args is ["player", ..])
{
    return await Player.RunAsync(args[1..]);
}

if (args.Any(argument => argument is "--help" or "-h" or "-?"))
{
    Console.WriteLine($"""
        Player processes and a silo play craps over real sockets, with one player killed, one cut off and one that cheats.

        {Usage}

          --json     one JSON object a line
          --seats    4; or 2, where nobody can be outvoted
          --rounds   rolls to play, 30
        """);
    return 0;
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
            Console.Error.WriteLine($"Not understood: {args[i]}{(args[i] is "--seats" or "--rounds" && i + 1 < args.Length ? " " + args[i + 1] : string.Empty)}");
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
var isInterrupted = false;
void Interrupt(PosixSignalContext signal)
{
    // Players and their files go first.
    signal.Cancel = true;
    isInterrupted = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
try
{
    await new Evening(new Reporter(Console.Out, json), seats, rounds).RunAsync(stop.Token);
    return 0;
}
catch (Exception) when (isInterrupted)
{
    Console.Error.WriteLine("craps table: interrupted");
    return 130;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("craps table: not over after ten minutes");
    return 1;
}
catch (Exception error) when (error is InvalidOperationException or Xtmp.XtmpException)
{
    Console.Error.WriteLine($"craps table: {error.Message}");
    return 1;
}
