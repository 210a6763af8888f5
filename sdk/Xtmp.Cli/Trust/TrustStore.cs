using Xtmp.Transport;

namespace Xtmp.Cli.Trust;

/// <summary>The user's own file of trusted silos, which verbs look into where no fingerprint is given. Nothing but <c>xtmp trust</c> writes to it.</summary>
internal static class TrustStore
{
    /// <summary>Names another file.</summary>
    public const string EnvironmentVariable = "XTMP_KNOWN_HOSTS";

    public static string DefaultPath =>
        Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } path
            ? path
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "xtmp", "known_hosts");

    /// <summary>The name an endpoint has in the file: host:port.</summary>
    /// <exception cref="FormatException">It is no endpoint.</exception>
    public static string HostOf(string endpoint)
    {
        XtmpEndpoint parsed = XtmpEndpoint.Parse(endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : $"{XtmpEndpoint.Scheme}://{endpoint}");
        return $"{parsed.Host}:{parsed.Port}";
    }

    /// <summary>The one identity that all of the endpoints have in the file.</summary>
    /// <exception cref="XtmpException">The file cannot be read.</exception>
    public static bool Find(string endpoints, out Fingerprint fingerprint)
    {
        fingerprint = default;
        KnownHostsFile file = KnownHostsFile.Open(DefaultPath);
        Fingerprint?[] known = [.. endpoints.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(e => file.Find(HostOf(e))).Distinct()];
        if (known is not [{ } only])
        {
            return false;
        }

        fingerprint = only;
        return true;
    }
}
