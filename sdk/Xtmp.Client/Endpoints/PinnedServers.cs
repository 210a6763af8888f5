using System.Collections.Concurrent;
using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>
/// One policy for each pinned server, for as long as a connection uses it: the policy keeps the server's verified key,
/// expanded for verifying, which the connections of a process then share and need not be sent again.
/// </summary>
internal static class PinnedServers
{
    // Dead entries are dropped when there are this many; a process talks to few servers.
    private const int SweepAt = 64;

    private static readonly ConcurrentDictionary<(Fingerprint Current, Fingerprint? Next), WeakReference<ITrustPolicy>> s_policies = new();

    /// <summary>Entries, dead ones too.</summary>
    public static int Count => s_policies.Count;

    public static ITrustPolicy Policy(Fingerprint current, Fingerprint? next)
    {
        if (s_policies.TryGetValue((current, next), out var known) && known.TryGetTarget(out var policy))
        {
            return policy;
        }

        if (s_policies.Count >= SweepAt)
        {
            foreach (var (pins, reference) in s_policies)
            {
                if (!reference.TryGetTarget(out _))
                {
                    s_policies.TryRemove(new(pins, reference));
                }
            }
        }

        policy = TrustPolicy.Pinned(current, next);
        s_policies[(current, next)] = new WeakReference<ITrustPolicy>(policy);
        return policy;
    }
}
