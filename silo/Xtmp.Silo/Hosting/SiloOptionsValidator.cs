using System.Net;
using Microsoft.Extensions.Options;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>Finds what cannot work in the options of a silo: all of it, not only the first.</summary>
internal sealed class SiloOptionsValidator : IValidateOptions<SiloOptions>
{
    public ValidateOptionsResult Validate(string? name, SiloOptions options)
    {
        var mistakes = Find(options).Select(mistake => mistake.Text).ToList();
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    /// <exception cref="XtmpException">Something cannot work; the first such option is the field, the message names all.</exception>
    public static void ThrowIfInvalid(SiloOptions options)
    {
        var mistakes = Find(options).ToList();
        if (mistakes.Count > 0)
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, string.Join(' ', mistakes.Select(mistake => mistake.Text)), mistakes[0].Field);
        }
    }

    private static IEnumerable<(string Field, string Text)> Find(SiloOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            yield return ("data_directory", "A silo needs a data directory.");
        }

        if (options.Port is < 0 or > IPEndPoint.MaxPort)
        {
            yield return ("port", $"The port is a number from 0 to {IPEndPoint.MaxPort}, not {options.Port}.");
        }

        if (options.Admin is { } admin && !IPAddress.IsLoopback(admin.Address))
        {
            yield return ("admin", $"The admin port listens on a loopback address such as 127.0.0.1, not on {admin.Address}: it asks nobody who they are.");
        }

        if (options is { OrleansDashboard: true, Admin: null })
        {
            yield return ("orleans_dashboard", "Orleans' dashboard is a part of the admin port, which needs an address.");
        }

        if (options.DrainTimeout < TimeSpan.Zero)
        {
            yield return ("drain_timeout", "The drain takes no negative time.");
        }

        var network = options.Grains.Network;
        if (network.Length > 0 && !NetworkName.IsValid(network))
        {
            yield return ("network", $"The network's name must be 1 to {NetworkName.MaxBytes} bytes of UTF-8 without control characters.");
        }

        if (options.Cluster is { } cluster)
        {
            if (network.Length == 0)
            {
                yield return ("network", "The silos of a cluster are one network, and it needs a name.");
            }

            // What protects the traffic is made from the data directory's keys later; the rest has to be right now.
            if (Refusal((cluster with { AllowPlainTraffic = cluster.Traffic is null }).Validate) is { } refusal)
            {
                yield return (refusal.Field ?? "cluster", refusal.Message);
            }
        }
    }

    private static XtmpException? Refusal(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (XtmpException error)
        {
            return error;
        }
    }
}
