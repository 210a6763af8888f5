using System.Diagnostics.CodeAnalysis;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp;

/// <summary>
/// Finds out by the shadow registry where <c>xtmp://name</c> is and which server to expect there, over a connection to a silo of
/// the same network. Records are signed by the owner of the name and are verified here; that this owner is the right one the
/// registry says, unless the caller knows better. What was once seen is never replaced by an older version. Safe for concurrent
/// use.
/// </summary>
/// <param name="registry">A connection whose silo serves the registry. Stays the caller's to dispose.</param>
/// <param name="time">The clock; null: the system's.</param>
public sealed class XtmpNameResolver(XtmpConnection registry, TimeProvider? time = null)
{
    /// <summary>Names that are remembered; beyond that the ones that ran out first are forgotten.</summary>
    public const int MaxNames = 1_024;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<string, XtmpName> _known = new(StringComparer.Ordinal);

    /// <summary>What the name stands for.</summary>
    /// <param name="name">A name of the registry, with <c>xtmp://</c> before it or without.</param>
    /// <param name="owner">The identity that must have signed the record; null: whoever owns the name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XtmpException">
    /// <see cref="XtmpErrorCode.NotFound"/> for a name without a record or without an endpoint of this client;
    /// <see cref="XtmpErrorCode.UntrustedPeer"/> for a record that does not verify, is of somebody else, or is older than one seen
    /// before; and whatever the call to the registry gives.
    /// </exception>
    public async ValueTask<XtmpName> ResolveAsync(string name, Fingerprint? owner = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        const string Prefix = XtmpEndpoint.Scheme + "://";
        name = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        if (TryRecall(name, out var known))
        {
            return Require(known, owner);
        }

        var reply = await registry.Registry.QueryAsync(new RegistryQuery { Name = name, AllowStale = false }, cancellationToken).ConfigureAwait(false);
        if (reply.Record is not { } signed)
        {
            throw new XtmpException(XtmpErrorCode.NotFound, Fault.Peer, $"The registry knows nothing of '{name}'.", "name");
        }

        var found = Read(name, signed, registry.Network!, reply.ValidFor);
        Remember(found);
        return Require(found, owner);
    }

    private static XtmpException Untrusted(string message) => new(XtmpErrorCode.UntrustedPeer, Fault.Peer, message);

    private static XtmpName Require(XtmpName found, Fingerprint? owner) => owner is { } wanted && found.Owner != wanted
        ? throw Untrusted($"'{found.Name}' belongs to {found.Owner}.")
        : found.Endpoints.Count == 0
            ? throw new XtmpException(XtmpErrorCode.NotFound, Fault.Peer, $"'{found.Name}' is not on XTMP over TCP.", "name")
            : found;

    private XtmpName Read(string name, SignedRegistryRecord signed, string network, TimeSpan validFor)
    {
        var record = signed.Record;
        var now = _time.GetUtcNow();
        if (record.Name != name || record.ExpiresAt <= now || !RegistrySigning.Verify(signed, network))
        {
            throw Untrusted($"The record of '{name}' is not one that its owner signed for the network '{network}', or has expired.");
        }

        var pins = record.ServerFingerprints.Select(pin => new Fingerprint(pin.Span)).ToArray();
        var life = new[] { validFor, record.Ttl, record.ExpiresAt - now }.Min();
        return new XtmpName
        {
            Name = name,
            Owner = new Fingerprint(record.Owner.Span),
            Version = record.Version,
            Endpoints =
            [
                .. record.Endpoints
                    .Where(endpoint => endpoint.Kind == RegistryEndpointKind.Xtmp)
                    .OrderBy(endpoint => endpoint.Priority)
                    .Select(endpoint => new XtmpEndpoint(endpoint.Host, endpoint.Port)),
            ],
            ServerFingerprint = pins.Length > 0 ? pins[0] : null,
            NextServerFingerprint = pins.Length > 1 ? pins[1] : null,
            ValidUntil = now + life,
        };
    }

    private bool TryRecall(string name, [NotNullWhen(true)] out XtmpName? known)
    {
        lock (_gate)
        {
            return _known.TryGetValue(name, out known) && known.ValidUntil > _time.GetUtcNow();
        }
    }

    private void Remember(XtmpName found)
    {
        lock (_gate)
        {
            if (_known.TryGetValue(found.Name, out var earlier) && (found.Version < earlier.Version || (found.Version == earlier.Version && found.Owner != earlier.Owner)))
            {
                throw Untrusted($"The registry gave version {found.Version} of '{found.Name}', after version {earlier.Version}.");
            }

            _known[found.Name] = found;
            if (_known.Count > MaxNames)
            {
                _known.Remove(_known.MinBy(pair => pair.Value.ValidUntil).Key);
            }
        }
    }
}

/// <summary>What a name of the registry stands for.</summary>
public sealed record XtmpName
{
    public required string Name { get; init; }

    /// <summary>The identity that signed.</summary>
    public required Fingerprint Owner { get; init; }

    /// <summary>Version of the record.</summary>
    public required ulong Version { get; init; }

    /// <summary>XTMP gateways over TCP, the ones to try first in front.</summary>
    public required IReadOnlyList<XtmpEndpoint> Endpoints { get; init; }

    /// <summary>The server to expect; null where the record pins none.</summary>
    public Fingerprint? ServerFingerprint { get; init; }

    /// <summary>The server announced to follow it.</summary>
    public Fingerprint? NextServerFingerprint { get; init; }

    /// <summary>Until when the answer may be used.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>The options, with the servers of this record in place of any other trust.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.UntrustedPeer"/>: the record pins no server.</exception>
    public XtmpClientOptions Trusting(XtmpClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ServerFingerprint is null
            ? throw new XtmpException(XtmpErrorCode.UntrustedPeer, Fault.Peer, $"The record of '{Name}' pins no server.")
            : options with { ServerFingerprint = ServerFingerprint, NextServerFingerprint = NextServerFingerprint, ServerTrust = null, KnownHostsPath = null };
    }
}
