using Microsoft.Extensions.Logging;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Testing;

/// <summary>How a test's silo is made. The defaults suit a clock that the test moves.</summary>
public sealed record TestSiloOptions
{
    /// <summary>Where grains are kept; null: in memory. A store that is given stays its owner's to dispose.</summary>
    public IGrainStore? Store { get; init; }

    /// <summary>The clock of the grains; null: a new one, that starts on 2026-01-01.</summary>
    public VirtualTimeProvider? Time { get; init; }

    /// <summary>Limits. What goes wrong inside is gathered in <see cref="TestSilo.Faults"/>, and told to <see cref="RuntimeOptions.OnFault"/> too.</summary>
    public RuntimeOptions Limits { get; init; } = new()
    {
        OutboxRetryMin = TimeSpan.FromSeconds(1),
        OutboxRetryMax = TimeSpan.FromSeconds(60),
        SweepInterval = TimeSpan.FromSeconds(60),
    };

    /// <summary>Where Orleans logs; null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }
}
