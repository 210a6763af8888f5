using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using Xtmp.Transport;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>The silo as a process: its configuration, its console, its signals.</summary>
internal static class SiloProcess
{
    private const int CouldNotRun = 1;
    private const int WrongConfiguration = 2;
    private const int Lost = 3;
    private const string TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    private static readonly string[] DefaultFiles = ["xtmp.toml", "appsettings.json"];

    /// <summary>The files, then the environment. What a file lacks or has wrong shows when it is read.</summary>
    public static void AddSources(IConfigurationBuilder configuration, FileInfo? file, bool reload)
    {
        var files = file is not null ? [file.ToString()] : DefaultFiles.Where(File.Exists);
        foreach (var path in files)
        {
            if (Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase))
            {
                configuration.AddJsonFile(Path.GetFullPath(path), optional: false, reload);
            }
            else
            {
                configuration.AddXtmpToml(path, reload);
            }
        }

        configuration.AddEnvironmentVariables();
    }

    public static async Task<int> RunAsync(FileInfo? file, Action<SiloOptions> configure, LogLevel? logLevel, CancellationToken cancellationToken)
    {
        var levels = new LogLevels { Fixed = logLevel };
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        try
        {
            AddSources(builder.Configuration, file, reload: true);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return Report([error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message], WrongConfiguration);
        }

        var settings = new SiloSettings(new SiloOptions());
        ConfigurationReader.Read(builder.Configuration, settings);
        levels.Apply(settings.LogLevel);
        builder.Services.AddSingleton(levels);
        AddConsole(builder.Logging, levels, settings.LogFormat);
        if (settings.Silo.Telemetry is { Endpoint: not null } telemetry)
        {
            builder.Logging.AddFilter<OpenTelemetryLoggerProvider>(levels.IsEnabled).AddOpenTelemetry(logs => logs.AddOtlpExporter(exporter => OtlpExport.Configure(exporter, telemetry, "v1/logs")));
        }

        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);

        // The silo drains within its own time.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.UseXtmpSilo(configure);
        using var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken);
        }
        catch (OptionsValidationException mistakes)
        {
            return Report(mistakes.Failures, WrongConfiguration);
        }
        catch (XtmpException error)
        {
            return Report([error.Message], CouldNotRun);
        }

        var silo = host.Services.GetRequiredService<XtmpSilo>();
        Console.Out.WriteLine($"listening on xtmp://{silo.EndPoint}");
        Console.Out.WriteLine($"fingerprint {silo.Fingerprint}");
        if (silo.WebSocketEndPoint is { } webSocket)
        {
            Console.Out.WriteLine($"websocket on ws://{webSocket}{WebSocketLink.Path}");
        }

        if (silo.AdminEndPoint is { } admin)
        {
            Console.Out.WriteLine($"admin on http://{admin}");
        }

        using var hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            ((IConfigurationRoot)builder.Configuration).Reload();
        });
        await host.WaitForShutdownAsync(cancellationToken);
        return silo.Failure is { } failure ? Report([failure.Message], Lost) : 0;
    }

    private static void AddConsole(ILoggingBuilder logging, LogLevels levels, LogFormat format)
    {
        logging.SetMinimumLevel(LogLevel.Trace).AddFilter<ConsoleLoggerProvider>(levels.IsEnabled);
        if (format == LogFormat.Json)
        {
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, TimestampFormat.TrimEnd()));
        }
        else
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, TimestampFormat));
        }
    }

    private static int Report(IEnumerable<string> mistakes, int exitCode)
    {
        foreach (var mistake in mistakes)
        {
            Console.Error.WriteLine($"xtmp-silo: {mistake}");
        }

        return exitCode;
    }
}
