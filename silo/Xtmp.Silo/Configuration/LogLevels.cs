using Microsoft.Extensions.Logging;

namespace Xtmp.Silo;

/// <summary>Which log lines the process prints; may change while it runs.</summary>
internal sealed class LogLevels
{
    private volatile int _level = (int)LogLevel.Information;

    /// <summary>Given on the command line, which counts more than the configuration.</summary>
    public LogLevel? Fixed { get; init; }

    public void Apply(LogLevel level) => _level = (int)(Fixed ?? level);

    public bool IsEnabled(string? category, LogLevel level) => level >= MinLevel(category ?? "");

    private LogLevel MinLevel(string category)
    {
        var level = (LogLevel)_level;
        if (category.StartsWith("Xtmp.", StringComparison.Ordinal))
        {
            return category.StartsWith("Xtmp.Runtime.Topic", StringComparison.Ordinal) && level < LogLevel.Warning ? LogLevel.Warning : level;
        }

        // A start that failed is told by one line of ours. Orleans' advice about server GC and its watchdog's first line are no news to an operator.
        var min = category is "Microsoft.Extensions.Hosting.Internal.Host" ? LogLevel.None
            : category is "Orleans.Runtime.Silo" or "Orleans.Runtime.Watchdog" ? LogLevel.Error
            : category.StartsWith("Microsoft", StringComparison.Ordinal) || category.StartsWith("Orleans", StringComparison.Ordinal) || category.StartsWith("Polly", StringComparison.Ordinal) ? LogLevel.Warning
            : level;
        return min > level ? min : level;
    }
}
