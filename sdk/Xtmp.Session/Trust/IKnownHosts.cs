using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Where first-use trust remembers servers. The file behind it belongs to the IO shell.</summary>
public interface IKnownHosts
{
    /// <summary>What is remembered for <paramref name="host"/>, or null.</summary>
    Fingerprint? Find(string host);

    /// <summary>Remembers a host seen for the first time.</summary>
    void Remember(string host, Fingerprint fingerprint, DateTimeOffset when);
}
