namespace Xtmp.Storage;

/// <summary>A durable reminder of one grain.</summary>
/// <param name="Name">Unique within the grain.</param>
/// <param name="Due">When it fires next, UTC, whole microseconds.</param>
/// <param name="Period">Time between firings, or null for one firing.</param>
public sealed record ReminderRecord(string Name, DateTimeOffset Due, TimeSpan? Period)
{
    public const int MaxNameLength = 64;
}

/// <summary>A reminder together with its grain.</summary>
public readonly record struct DueReminder(GrainId Id, ReminderRecord Reminder);
