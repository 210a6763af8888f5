using Xtmp.Protocol;

namespace Xtmp.Client;

/// <summary>
/// What <c>AddXtmpClient</c> is told, in code or from a configuration section. One of <see cref="ServerFingerprint"/>,
/// <see cref="KnownHosts"/> or <see cref="Configure"/> has to say which server is trusted.
/// </summary>
public sealed class XtmpClientSettings
{
    /// <summary>Such as <c>xtmp://silo:7778</c>; several, of one network, separated by commas.</summary>
    public string Endpoint { get; set; } = XtmpEndpoint.Default.ToString();

    /// <summary>The server's identity, 64 hex digits.</summary>
    public string? ServerFingerprint { get; set; }

    /// <summary>File of known servers, for trust on first use.</summary>
    public string? KnownHosts { get; set; }

    /// <summary>File of the identity to prove (<c>xtmp keygen</c>); it has to exist.</summary>
    public string? IdentityFile { get; set; }

    /// <summary>Sessions that calls are spread over.</summary>
    public int PoolSize { get; set; } = 1;

    /// <summary>Whatever else: takes the options made so far and gives those to use.</summary>
    public Func<XtmpClientOptions, XtmpClientOptions>? Configure { get; set; }

    /// <summary>The options; the identity is left out.</summary>
    /// <exception cref="XtmpException">Local fault; the message names the setting.</exception>
    internal XtmpClientOptions ToOptions()
    {
        Fingerprint? fingerprint = null;
        if (!string.IsNullOrEmpty(ServerFingerprint))
        {
            fingerprint = Fingerprint.TryParse(ServerFingerprint, out var parsed)
                ? parsed
                : throw Invalid(nameof(ServerFingerprint), "is not 64 hex digits");
        }

        if (!string.IsNullOrEmpty(IdentityFile) && !File.Exists(IdentityFile))
        {
            throw Invalid(nameof(IdentityFile), $"names '{IdentityFile}', which is not there; 'xtmp keygen' makes one");
        }

        var options = new XtmpClientOptions
        {
            ServerFingerprint = fingerprint,
            KnownHostsPath = string.IsNullOrEmpty(KnownHosts) ? null : KnownHosts,
            PoolSize = PoolSize,
        };
        return Configure?.Invoke(options) ?? options;
    }

    private static XtmpException Invalid(string setting, string what) =>
        new(XtmpErrorCode.PayloadInvalid, Fault.Local, $"Client settings: {setting} {what}.", setting);
}
