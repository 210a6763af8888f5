using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Xtmp.Silo;

/// <summary>
/// The host's loggers, with the silo's own listeners beside: the audit log, the dashboard and those who follow the silo's events take
/// what they want by the event's number, whatever the host prints.
/// </summary>
internal sealed class ObservingLoggerFactory(ILoggerFactory host) : ILoggerFactory
{
    private Action<LogEvent>? _listeners;

    /// <summary>Adds a listener, which sees what is logged from now on.</summary>
    public void Listen(Action<LogEvent> listener) => _listeners += listener;

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Xtmp.", StringComparison.Ordinal) ? new Logger(this, categoryName, host.CreateLogger(categoryName)) : host.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => host.AddProvider(provider);

    // The host's loggers stay the host's.
    public void Dispose()
    {
    }

    // Events are named by the methods that log them.
    private static string? NameOf(string? method) => method is not null && method.StartsWith("Log", StringComparison.Ordinal) ? method[3..] : method;

    private sealed class Logger(ObservingLoggerFactory factory, string category, ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel) || (logLevel >= LogLevel.Debug && factory._listeners is not null);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (inner.IsEnabled(logLevel))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }

            // What Orleans says under our names has numbers of its own and is no news to an operator.
            if (logLevel < LogLevel.Debug || factory._listeners is not { } listeners || !SiloEvents.IsOurs(eventId.Id) || (logLevel < LogLevel.Information && !SiloEvents.Audited.Contains(eventId.Id)))
            {
                return;
            }

            var fields = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
            listeners(new LogEvent(logLevel, eventId.Id, NameOf(eventId.Name) ?? category, formatter(state, exception), fields));
        }
    }
}

/// <summary>A log event as listeners see it.</summary>
/// <param name="Level">How severe.</param>
/// <param name="Id">Its stable number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">The message with its fields in place.</param>
/// <param name="Fields">Names and values.</param>
internal sealed record LogEvent(LogLevel Level, int Id, string Name, string Text, IReadOnlyList<KeyValuePair<string, object?>> Fields);
