using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>
/// Where a silo listens: <c>xtmp://host[:port]</c>, port 7778 where none is given, or for WebSocket
/// <c>ws[s]://host[:port]/xtmp</c>, port 80 or 443 where none is given (SPEC §3).
/// </summary>
public sealed record XtmpEndpoint(string Host, int Port)
{
    public const string Scheme = "xtmp";

    public const int DefaultPort = 7778;

    /// <summary>Port of a silo's own WebSocket listener.</summary>
    public const int DefaultWebSocketPort = 7780;

    /// <summary>The environment variable a client takes its endpoint from when it is given none.</summary>
    public const string EnvironmentVariable = "BPCI_XTMP_ENDPOINT";

    private const string Expected = "expected something like xtmp://localhost:7778 or wss://example.org/xtmp";

    public static XtmpEndpoint Default { get; } = new("localhost", DefaultPort);

    /// <summary>How it is reached: <see cref="Scheme"/>, or <c>ws</c> or <c>wss</c> for WebSocket.</summary>
    public string Protocol { get; init; } = Scheme;

    /// <summary>It is reached by WebSocket.</summary>
    public bool IsWebSocket => Protocol != Scheme;

    /// <exception cref="FormatException">The text is not an endpoint; the message says why.</exception>
    public static XtmpEndpoint Parse(string text) =>
        TryParse(text, out var endpoint, out var error) ? endpoint : throw new FormatException(error);

    public static bool TryParse(string? text, [NotNullWhen(true)] out XtmpEndpoint? endpoint, [NotNullWhen(false)] out string? error)
    {
        endpoint = null;
        error = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            error = $"'{text}' is not an endpoint; {Expected}.";
        }
        else if (uri.Scheme is not (Scheme or "ws" or "wss"))
        {
            error = $"'{text}' has the scheme '{uri.Scheme}'; this client speaks '{Scheme}', 'ws' and 'wss': {Expected}.";
        }
        else if (uri.Host.Length == 0 || uri.Port == 0)
        {
            error = $"'{text}' names no host or the port 0; {Expected}.";
        }
        else if (uri.UserInfo.Length > 0 || !(uri.PathAndQuery is "" or "/" || (uri.Scheme != Scheme && uri.PathAndQuery == WebSocketLink.Path)) || uri.Fragment.Length > 0)
        {
            error = $"'{text}' carries more than a host and a port; {Expected}.";
        }
        else
        {
            endpoint = new XtmpEndpoint(uri.IdnHost, uri.Port > 0 ? uri.Port : DefaultPort) { Protocol = uri.Scheme };
        }

        return endpoint is not null;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Protocol}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}{(IsWebSocket ? WebSocketLink.Path : "")}");
}
