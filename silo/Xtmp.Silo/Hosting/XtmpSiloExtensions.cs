using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Xtmp.Silo;

/// <summary>A silo in a program's own Generic Host.</summary>
public static class XtmpSiloExtensions
{
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
        return services;
    }
}
