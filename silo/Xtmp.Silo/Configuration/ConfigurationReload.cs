using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Xtmp.Silo;

/// <summary>
/// Takes over a changed configuration while the silo runs: what may change at once does, the rest is named and waits for the next
/// start. A configuration with a mistake changes nothing.
/// </summary>
internal sealed partial class ConfigurationReload(IConfiguration configuration, IOptionsFactory<SiloOptions> factory, XtmpSilo silo, LogLevels? levels = null) : IHostedService, IDisposable
{
    private readonly ILogger _logger = silo.Loggers.CreateLogger("Xtmp.Silo");
    private readonly Lock _lock = new();
    private Dictionary<string, string> _shown = [];
    private IDisposable? _changes;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _shown = Show(factory.Create(Options.DefaultName));
        _changes = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _changes?.Dispose();

    private void Reload()
    {
        lock (_lock)
        {
            try
            {
                var options = factory.Create(Options.DefaultName);
                SiloOptionsValidator.ThrowIfInvalid(options);
                var shown = Show(options);
                var changed = ConfigurationKeys.All.Where(key => shown[key.Path] != _shown[key.Path]).ToList();
                silo.Apply(options);
                levels?.Apply(SettingsOf(options).LogLevel);
                foreach (var key in changed.Where(key => !key.IsLive))
                {
                    LogWaits(_logger, key.Path);
                }

                LogReloaded(_logger, changed.Count, string.Join(", ", changed.Select(key => key.Path)));
                _shown = shown;
            }
            catch (OptionsValidationException mistakes)
            {
                LogRefused(_logger, string.Join(Environment.NewLine, mistakes.Failures));
            }
            catch (XtmpException mistake)
            {
                LogRefused(_logger, mistake.Message);
            }
        }
    }

    // The options hold what the command line and the program set too; what is of the process only is read beside.
    private SiloSettings SettingsOf(SiloOptions options)
    {
        var settings = new SiloSettings(options with { });
        ConfigurationReader.Read(configuration, settings);
        return settings;
    }

    private Dictionary<string, string> Show(SiloOptions options)
    {
        var settings = SettingsOf(options);
        return ConfigurationKeys.All.ToDictionary(key => key.Path, key => key.Show(settings));
    }

    [LoggerMessage(EventId = 1010, Level = LogLevel.Information, Message = "configuration read again, {Count} keys changed: {Keys}")]
    private static partial void LogReloaded(ILogger logger, int count, string keys);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Error, Message = "the changed configuration has mistakes and is not used: {Mistakes}")]
    private static partial void LogRefused(ILogger logger, string mistakes);

    [LoggerMessage(EventId = 1012, Level = LogLevel.Warning, Message = "{Key} has changed and takes effect at the next start")]
    private static partial void LogWaits(ILogger logger, string key);
}
