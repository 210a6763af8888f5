using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Xtmp.Silo.Tests;

/// <summary>Keeps what a silo logs, and lets a test wait for a line.</summary>
internal sealed class LogCapture : ILoggerFactory, ILogger
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _arrived = new(0);

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The first line that matches, now or within the patience of a test.</summary>
    /// <param name="matches">What is looked for.</param>
    /// <param name="after">Lines to leave out: an address seen before may have been another peer's then.</param>
    public async Task<string> WaitForAsync(Func<string, bool> matches, int after = 0)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (_lines.Skip(after).FirstOrDefault(matches) is { } line)
            {
                return line;
            }

            try
            {
                await _arrived.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No such log line. What was logged:\n{string.Join('\n', _lines)}");
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        _lines.Enqueue(exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception}");
        _arrived.Release();
    }

    public void Dispose()
    {
    }
}
