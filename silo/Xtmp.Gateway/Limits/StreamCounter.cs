using System.Collections.Concurrent;
using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Open streams by identity. Anonymous sessions are bounded by their own limit alone.</summary>
internal sealed class StreamCounter(GatewayOptions options)
{
    private readonly ConcurrentDictionary<string, int> _byIdentity = new(StringComparer.Ordinal);
    private volatile GatewayOptions _options = options;

    /// <summary>Takes other limits from now on; streams that are open stay so.</summary>
    public void Apply(GatewayOptions options) => _options = options;

    /// <summary>Counts a stream; false where the identity has too many. The key is for <see cref="Leave"/>.</summary>
    public bool TryEnter(CallerInfo caller, out string? key)
    {
        key = caller.Level == AuthenticationLevel.None ? null : Convert.ToHexString((caller.Wallet.IsEmpty ? caller.IdentityFingerprint : caller.Wallet).Span);
        if (key is null || _byIdentity.AddOrUpdate(key, 1, static (_, count) => count + 1) <= _options.MaxStreamsPerIdentity)
        {
            return true;
        }

        Leave(key);
        key = null;
        return false;
    }

    public void Leave(string? key)
    {
        if (key is null)
        {
            return;
        }

        while (_byIdentity.TryGetValue(key, out var count))
        {
            var isDone = count == 1
                ? _byIdentity.TryRemove(new KeyValuePair<string, int>(key, 1))
                : _byIdentity.TryUpdate(key, count - 1, count);
            if (isDone)
            {
                return;
            }
        }
    }
}
