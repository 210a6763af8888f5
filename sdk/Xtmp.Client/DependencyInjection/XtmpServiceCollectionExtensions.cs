using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xtmp;
using Xtmp.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the client in a container.</summary>
public static class XtmpServiceCollectionExtensions
{
    private const string HealthCheckName = "xtmp";

    /// <summary>
    /// Adds one <see cref="XtmpConnection"/> for the program, which the container disposes. It logs to the container's
    /// loggers and measures with its meters. Settings that cannot work fail at the host's start with
    /// <see cref="OptionsValidationException"/>, or else where the connection is first asked for.
    /// </summary>
    public static IServiceCollection AddXtmpClient(this IServiceCollection services, Action<XtmpClientSettings> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<XtmpClientSettings>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<XtmpClientSettings>, XtmpClientSettingsValidator>());
        services.TryAddSingleton(Create);
        return services;
    }

    /// <summary>Adds a check of the <see cref="XtmpConnection"/> in the container.</summary>
    public static IHealthChecksBuilder AddXtmpClient(this IHealthChecksBuilder builder, string name = HealthCheckName, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, static services => new XtmpHealthCheck(services.GetRequiredService<XtmpConnection>()), failureStatus, tags));
    }

    private static XtmpConnection Create(IServiceProvider services)
    {
        var settings = services.GetRequiredService<IOptions<XtmpClientSettings>>().Value;
        var options = settings.ToOptions();
        var identity = options.Identity is null && !string.IsNullOrEmpty(settings.IdentityFile) ? IdentityFile.LoadOrCreate(settings.IdentityFile) : null;
        return new XtmpConnection(
            XtmpConnection.Parse(settings.Endpoint),
            options with
            {
                Identity = options.Identity ?? identity,
                LoggerFactory = options.LoggerFactory == NullLoggerFactory.Instance ? services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance : options.LoggerFactory,
                MeterFactory = options.MeterFactory ?? services.GetService<IMeterFactory>(),
                TimeProvider = options.TimeProvider == TimeProvider.System ? services.GetService<TimeProvider>() ?? TimeProvider.System : options.TimeProvider,
            })
        {
            OwnedIdentity = identity,
        };
    }
}
