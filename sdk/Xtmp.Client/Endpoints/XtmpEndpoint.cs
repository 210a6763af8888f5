using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Xtmp;

/// <summary>Where a silo listens: <c>xtmp://host[:port]</c>, port 7778 where none is given (SPEC §3).</summary>
public sealed record XtmpEndpoint(string Host, int Port)
{
    public const string Scheme = "xtmp";

    public const int DefaultPort = 7778;

    /// <summary>The environment variable a client takes its endpoint from when it is given none.</summary>
    public const string EnvironmentVariable = "BPCI_XTMP_ENDPOINT";

    public static XtmpEndpoint Default { get; } = new("localhost", DefaultPort);

    /// <exception cref="FormatException">The text is not an endpoint; the message says why.</exception>
    public static XtmpEndpoint Parse(string text) =>
        TryParse(text, out var endpoint, out var error) ? endpoint : throw new FormatException(error);

    public static bool TryParse(string? text, [NotNullWhen(true)] out XtmpEndpoint? endpoint, [NotNullWhen(false)] out string? error)
    {
        endpoint = null;
        error = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            error = $"'{text}' is not an endpoint; expected something like xtmp://localhost:7778.";
        }
        else if (uri.Scheme != Scheme)
        {
            error = $"'{text}' has the scheme '{uri.Scheme}'; this client speaks '{Scheme}', as in xtmp://localhost:7778.";
        }
        else if (uri.Host.Length == 0 || uri.Port == 0)
        {
            error = $"'{text}' names no host or the port 0; expected something like xtmp://localhost:7778.";
        }
        else if (uri.UserInfo.Length > 0 || uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0)
        {
            error = $"'{text}' carries more than a host and a port; expected something like xtmp://localhost:7778.";
        }
        else
        {
            endpoint = new XtmpEndpoint(uri.IdnHost, uri.IsDefaultPort || uri.Port < 0 ? DefaultPort : uri.Port);
        }

        return endpoint is not null;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");
}
