using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Xtmp.Gateway;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>
/// HTTP for the operator of this machine: <c>/healthz</c>, <c>/readyz</c>, <c>/metrics</c>, <c>/sessions</c> and the dashboard. It reads
/// and changes nothing, and answers only requests that name this machine, so that a page in a browser cannot reach it through a name of its own.
/// </summary>
internal sealed class AdminPort : IAsyncDisposable
{
    private const string Meters = "Xtmp.*";
    private const string SessionsPath = "/sessions";

    // More sessions than this are not listed at once; each can be asked for.
    private const int MaxListedSessions = 1000;
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    private static readonly FrozenDictionary<string, (string Type, byte[] Bytes)> Files = new[]
    {
        Asset("/", "dashboard.html", "text/html"), Asset("/dashboard.css", "dashboard.css", "text/css"), Asset("/dashboard.js", "dashboard.js", "text/javascript"), Asset("/icon.svg", "icon.svg", "image/svg+xml"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly WebApplication _application;

    private AdminPort(WebApplication application, IPEndPoint endPoint)
    {
        _application = application;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    /// <param name="endPoint">An address of this machine's loopback; port 0 takes a free one.</param>
    /// <param name="unready">Why the silo should get no new clients now, or null.</param>
    /// <param name="sessions">The session of an id, or with null every session.</param>
    /// <param name="loggerFactory">Where Kestrel logs.</param>
    /// <param name="dashboard">What the page draws; null: no page.</param>
    /// <param name="orleans">The services of a silo that has Orleans' dashboard; null: it is not served.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    public static async Task<AdminPort> StartAsync(
        IPEndPoint endPoint, Func<ValueTask<string?>> unready, Func<ulong?, IEnumerable<GatewaySession>> sessions, ILoggerFactory loggerFactory, Dashboard? dashboard = null, IServiceProvider? orleans = null, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(Meters).AddPrometheusExporter());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Listen(endPoint);
        });
        var application = builder.Build();
        application.Use(RequireLocalAsync);
        application.UseOpenTelemetryPrometheusScrapingEndpoint();
        if (orleans is not null)
        {
            OrleansDashboard.Map(application, orleans);
        }

        application.Run(context => AnswerAsync(context, unready, sessions, dashboard));
        try
        {
            await XtmpSilo.ListenAsync(application.StartAsync(cancellationToken), endPoint, "admin").ConfigureAwait(false);
            var bound = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
            return new AdminPort(application, new IPEndPoint(endPoint.Address, new Uri(bound).Port));
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static Task RequireLocalAsync(HttpContext context, RequestDelegate next)
    {
        var host = context.Request.Host.Host;
        if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase) && !(IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)))
        {
            return WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "This port answers for localhost, 127.0.0.1 and [::1] only.");
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This port is for reading.");
        }

        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return next(context);
    }

    private static async Task AnswerAsync(HttpContext context, Func<ValueTask<string?>> unready, Func<ulong?, IEnumerable<GatewaySession>> sessions, Dashboard? dashboard)
    {
        var path = context.Request.Path.Value ?? "";
        if (path == "/healthz")
        {
            await WriteAsync(context, StatusCodes.Status200OK, "ok").ConfigureAwait(false);
        }
        else if (path == "/readyz")
        {
            var reason = await unready().ConfigureAwait(false);
            await WriteAsync(context, reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, reason ?? "ready").ConfigureAwait(false);
        }
        else if (path == SessionsPath)
        {
            await context.Response.WriteAsJsonAsync(sessions(null).Take(MaxListedSessions).Select(SessionView.Of)).ConfigureAwait(false);
        }
        else if (path.StartsWith(SessionsPath + "/", StringComparison.Ordinal))
        {
            await WriteSessionAsync(context, sessions, path[(SessionsPath.Length + 1)..]).ConfigureAwait(false);
        }
        else if (dashboard is not null && path == "/live")
        {
            await dashboard.WatchAsync(context).ConfigureAwait(false);
        }
        else if (dashboard is not null && Files.TryGetValue(path, out var file))
        {
            context.Response.ContentType = file.Type + "; charset=utf-8";
            context.Response.ContentLength = file.Bytes.Length;
            await context.Response.Body.WriteAsync(HttpMethods.IsHead(context.Request.Method) ? default : file.Bytes.AsMemory(), context.RequestAborted).ConfigureAwait(false);
        }
        else
        {
            await WriteAsync(context, StatusCodes.Status404NotFound, "/, /healthz, /readyz, /metrics, /sessions and /sessions/ID are here.").ConfigureAwait(false);
        }
    }

    private static KeyValuePair<string, (string Type, byte[] Bytes)> Asset(string path, string name, string type)
    {
        using var stream = typeof(AdminPort).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return KeyValuePair.Create(path, (type, bytes));
    }

    private static Task WriteSessionAsync(HttpContext context, Func<ulong?, IEnumerable<GatewaySession>> sessions, string id) =>
        ulong.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sessionId) && sessions(sessionId).FirstOrDefault() is { } session
            ? context.Response.WriteAsJsonAsync(SessionView.Of(session))
            : WriteAsync(context, StatusCodes.Status404NotFound, "There is no such session; an id is up to 16 hex digits, as in the log.");

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n");
    }
}
