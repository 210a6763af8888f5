using System.Collections.Frozen;

namespace Xtmp.Silo;

/// <summary>The numbers of log events. They are stable: one that is no longer used is not given to another event.</summary>
internal static class SiloEvents
{
    /// <summary>Security events: they go to the audit log too.</summary>
    public static FrozenSet<int> Audited { get; } = new[] { 1001, 1003, 1004, 1010, 1011, 1020, 1021, 1040, 3015, 3016, 3020, 3021, 3022, 3101 }.ToFrozenSet();

    /// <summary>Whether a number is one of the silo's own; 0 is for what extensions log without one.</summary>
    public static bool IsOurs(int id) => id is 0 or (>= 1000 and < 4000);
}
