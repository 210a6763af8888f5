using System.CommandLine;
using System.Text.Json.Nodes;
using BitChat.Peer;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli.Games;

/// <summary><c>xtmp game verify TRANSCRIPT</c></summary>
public static class VerifyCommand
{
    public static Command Create()
    {
        Argument<string> file = new("transcript") { Description = "The transcript." };
        Option<bool> json = new("--json") { Description = "Print a JSON object." };
        Command command = new("verify", """
            Replays a table from its certificates and dice proofs alone, without network or silo, and says who rolled, who was
            paid and who was expelled. A byte that was changed makes it fail, with the place.

            Example: xtmp game verify transcript.bin
            """);
        command.Arguments.Add(file);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            string path = parsed.GetValue(file)!;
            if (Directory.Exists(path))
            {
                parsed.InvocationConfiguration.Error.WriteLine(PlainText.Of($"{path} is a directory."));
                return ExitCodes.Usage;
            }

            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                parsed.InvocationConfiguration.Error.WriteLine(PlainText.Of(e.Message));
                return ExitCodes.Usage;
            }

            TranscriptReport report = TranscriptVerifier.Create().Verify(bytes);
            output.WriteLine(parsed.GetValue(json) ? ToJson(report).ToJsonString() : ToText(report));
            return report.Fault is null ? ExitCodes.Ok : ExitCodes.Findings;
        });
        return command;
    }

    private static string Name(ReadOnlyMemory<byte> player) => Convert.ToHexString(player.Span[..4]);

    private static string ToText(TranscriptReport report)
    {
        List<string> lines = [];
        foreach (TranscriptRoll roll in report.Rolls)
        {
            (byte first, byte second) = roll.IsAborted ? default : Dice.Of(roll.Randomness.Span);
            lines.Add(roll.IsAborted ? $"roll {roll.Roll} at height {roll.Height}: no outcome" : $"roll {roll.Roll} at height {roll.Height}, led by {Name(roll.Leader)}: {first} and {second}");
        }

        lines.AddRange(report.Expulsions.Select(expulsion => $"expelled {Name(expulsion.Player)} at height {expulsion.Height}: {expulsion.Evidence.GetType().Name.Replace("Arm", string.Empty, StringComparison.Ordinal)}"));
        if (report.State is { } state)
        {
            lines.AddRange(state.Snapshot.PaidOut.ToArray().Select(paid => $"paid out {Name(paid.Player)}: {paid.Chips} chips"));
            lines.AddRange(state.Game.Players.Select(player => $"at the table {Name(player.Player)}: {player.Chips} chips"));
        }

        lines.Add(report.Fault is null ? $"all of it holds: {report.State!.Height} heights, {report.Rolls.Count} rolls" : $"offset {report.Offset}: {report.Fault}");
        return string.Join(Environment.NewLine, lines);
    }

    private static JsonObject ToJson(TranscriptReport report) => new()
    {
        ["holds"] = report.Fault is null,
        ["fault"] = report.Fault,
        ["offset"] = report.Offset,
        ["height"] = report.State?.Height,
        ["state_root"] = report.State is { } last ? Convert.ToHexString(last.Root) : null,
        ["rolls"] = new JsonArray([.. report.Rolls.Select(roll => new JsonObject
        {
            ["roll"] = roll.Roll,
            ["height"] = roll.Height,
            ["leader"] = Convert.ToHexString(roll.Leader.Span),
            ["dice"] = roll.IsAborted ? null : new JsonArray([Dice.Of(roll.Randomness.Span).First, Dice.Of(roll.Randomness.Span).Second]),
        })]),
        ["expelled"] = new JsonArray([.. report.Expulsions.Select(expulsion => new JsonObject { ["player"] = Convert.ToHexString(expulsion.Player.Span), ["height"] = expulsion.Height })]),
        ["paid_out"] = Chips(report.State?.Snapshot.PaidOut.ToArray() ?? []),
        ["at_the_table"] = Chips(report.State?.Game.Players ?? []),
    };

    private static JsonArray Chips(IEnumerable<BitChat.Messages.PlayerChips> players) =>
        new([.. players.Select(player => new JsonObject { ["player"] = Convert.ToHexString(player.Player.Span), ["chips"] = player.Chips })]);
}
