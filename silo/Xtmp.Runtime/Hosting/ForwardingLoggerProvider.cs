using Microsoft.Extensions.Logging;

namespace Xtmp.Runtime;

/// <summary>Hands on to the loggers of a factory that stays its owner's.</summary>
internal sealed class ForwardingLoggerProvider(ILoggerFactory factory) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => factory.CreateLogger(categoryName);

    public void Dispose()
    {
    }
}
