using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Xtmp.Silo;

/// <summary>A silo in a program's own Generic Host.</summary>
public static class XtmpSiloExtensions
{
    /// <summary>
    /// Adds a silo whose options come from the host's configuration: the sections <c>xtmp_server</c> and so on, which silo/docs/operate.md
    /// lists, of whatever files and variables the host reads (<see cref="AddXtmpToml"/>). Limits, pins and roles follow the
    /// configuration when it changes. Mistakes end the host's start with an <see cref="OptionsValidationException"/> that lists
    /// all of them with file, line and key.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="configure">Options that the program sets itself; they count more than the configuration.</param>
    public static IHostApplicationBuilder UseXtmpSilo(this IHostApplicationBuilder builder, Action<SiloOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var configured = new ConfiguredSilo(builder.Configuration);
        builder.Services.AddSingleton<IConfigureOptions<SiloOptions>>(configured);
        builder.Services.AddSingleton<IValidateOptions<SiloOptions>>(configured);
        builder.Services.AddXtmpSilo(configure);
        builder.Services.AddHostedService(provider => new ConfigurationReload(
            builder.Configuration,
            provider.GetRequiredService<IOptionsFactory<SiloOptions>>(),
            provider.GetRequiredService<XtmpSilo>(),
            provider.GetService<LogLevels>()));
        return builder;
    }

    /// <summary>Adds a TOML file to a program's configuration. What cannot be read in it is reported by the silo's start.</summary>
    /// <param name="configuration">The program's configuration.</param>
    /// <param name="path">The file.</param>
    /// <param name="reloadOnChange">Read it again when it changes.</param>
    public static IConfigurationBuilder AddXtmpToml(this IConfigurationBuilder configuration, string path, bool reloadOnChange = true)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return configuration.Add(new TomlConfigurationSource(path, reloadOnChange));
    }

    /// <summary>
    /// Adds a silo that starts and drains with the host, and logs where the host logs. Ask the services for
    /// <see cref="XtmpSilo"/> to call its grains. Add <see cref="SiloHandlers"/> for message types and handlers of your own.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets the options. What cannot work ends the host's start with an <see cref="OptionsValidationException"/> that lists all of it.</param>
    public static IServiceCollection AddXtmpSilo(this IServiceCollection services, Action<SiloOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<SiloOptions>().Configure(configure ?? (_ => { }));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SiloOptions>, SiloOptionsValidator>());
        services.TryAddSingleton<XtmpSilo>();
        services.AddHostedService(provider => provider.GetRequiredService<XtmpSilo>());
        services.AddHostedService<KeyRotation>();
        return services;
    }
}
