using System.Net;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>
/// Caps on handshakes, for each address or IPv6 /64 and in all, in fixed windows: public-key work is what a flood would buy.
/// Forgets every address at the end of each window, so its memory is bounded by one window's connections.
/// </summary>
public sealed class HandshakeAdmission(GatewayOptions options) : IHandshakeAdmission
{
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private volatile GatewayOptions _options = options;
    private TimeSpan _windowEnds;
    private int _total;
    private int _unaddressed;

    /// <summary>Takes other limits from now on.</summary>
    public void Apply(GatewayOptions options) => _options = options;

    public bool TryAdmit(object? peer, HelloKind hello, Instant now, out TimeSpan retryAfter)
    {
        var options = _options;
        lock (_gate)
        {
            if (now.Monotonic >= _windowEnds)
            {
                _windowEnds = now.Monotonic + options.HandshakeWindow;
                _byAddress.Clear();
                _total = 0;
                _unaddressed = 0;
            }

            retryAfter = options.HandshakeWindow;
            var address = AddressKey.Of(peer as EndPoint);
            if (hello == HelloKind.Unaddressed && _unaddressed >= options.MaxUnaddressedHandshakes)
            {
                return false;
            }

            if (_total >= options.MaxHandshakes || _byAddress.GetValueOrDefault(address) >= options.MaxHandshakesPerAddress)
            {
                return false;
            }

            _total++;
            _unaddressed += hello == HelloKind.Unaddressed ? 1 : 0;
            _byAddress[address] = _byAddress.GetValueOrDefault(address) + 1;
            return true;
        }
    }
}
