using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans.Dashboard;
using Orleans.Hosting;

namespace Xtmp.Silo;

/// <summary>
/// Orleans' own dashboard, as a part of the admin port: what is active in which silo, and calls that came as messages. Calls within a
/// silo do not pass Orleans' messaging, so it does not see them. Every silo of a cluster has to have it.
/// </summary>
internal static class OrleansDashboard
{
    public const string Path = "/orleans";

    // Its page sets styles on elements, and has its fonts and pictures beside it.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Has the silo gather what the dashboard shows. The log stays out of it.</summary>
    public static void AddTo(ISiloBuilder silo) => silo.AddDashboard(static dashboard => dashboard.HideTrace = true);

    /// <param name="application">The admin port.</param>
    /// <param name="silo">The services of the silo, where the dashboard's own are.</param>
    public static void Map(IApplicationBuilder application, IServiceProvider silo) =>
        application.UseWhen(static context => context.Request.Path.StartsWithSegments(Path), branch =>
        {
            branch.Use((context, next) =>
            {
                context.RequestServices = silo;
                context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
                return next(context);
            });
            branch.UseRouting();
            branch.UseEndpoints(endpoints => new Endpoints(endpoints, silo).MapOrleansDashboard(Path));
        });

    /// <summary>Endpoints that are made with the silo's services and served by the admin port.</summary>
    private sealed class Endpoints(IEndpointRouteBuilder served, IServiceProvider silo) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => silo;

        public ICollection<EndpointDataSource> DataSources => served.DataSources;

        public IApplicationBuilder CreateApplicationBuilder() => served.CreateApplicationBuilder();
    }
}
