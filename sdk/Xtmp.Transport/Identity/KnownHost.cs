namespace Xtmp.Transport;

/// <summary>A line of a <see cref="KnownHostsFile"/>.</summary>
/// <param name="Name">host:port.</param>
/// <param name="Fingerprint">Who is there.</param>
public readonly record struct KnownHost(string Name, Fingerprint Fingerprint);
