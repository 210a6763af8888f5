namespace Xtmp.Storage;

/// <summary>A grain as stored.</summary>
/// <param name="Version">Number of commits; 0 where there is none.</param>
/// <param name="State">Encoded state; null where the grain never wrote one.</param>
/// <param name="Reminders">Its reminders.</param>
public sealed record GrainRecord(long Version, byte[]? State, IReadOnlyList<ReminderRecord> Reminders)
{
    public static GrainRecord Absent { get; } = new(0, null, []);
}
