using System.Net;
using Xtmp.Session;

namespace Xtmp.Gateway.Tests;

public sealed class HandshakeAdmissionTests
{
    private static readonly Instant Start = new(TimeSpan.FromSeconds(100), DateTimeOffset.UnixEpoch);

    [Fact]
    public void all_addresses_of_one_ipv6_64_share_a_limit()
    {
        var admission = new HandshakeAdmission(new GatewayOptions { MaxHandshakesPerAddress = 3 });
        Assert.Equal(3, Enumerable.Range(1, 100).Count(host => Admit(admission, $"2001:db8:1:2::{host:x}")));
        Assert.True(Admit(admission, "2001:db8:1:3::1"));
        Assert.True(Admit(admission, "192.0.2.1"));
    }

    [Fact]
    public void hellos_that_prove_nothing_have_a_limit_of_their_own_and_leave_room_for_the_others()
    {
        var admission = new HandshakeAdmission(new GatewayOptions { MaxUnaddressedHandshakes = 2, MaxHandshakes = 5 });
        Assert.Equal(2, Enumerable.Range(1, 100).Count(host => Admit(admission, $"192.0.2.{host}", HelloKind.Unaddressed)));
        Assert.Equal(3, Enumerable.Range(1, 100).Count(host => Admit(admission, $"198.51.100.{host}")));
    }

    [Fact]
    public void the_next_window_starts_from_nothing_and_is_what_the_refused_are_told_to_wait()
    {
        var window = TimeSpan.FromSeconds(2);
        var admission = new HandshakeAdmission(new GatewayOptions { MaxHandshakes = 1, HandshakeWindow = window });
        var peer = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1);
        Assert.True(admission.TryAdmit(peer, HelloKind.Addressed, Start, out _));
        Assert.False(admission.TryAdmit(peer, HelloKind.Addressed, Start, out var retryAfter));
        Assert.Equal(window, retryAfter);
        Assert.True(admission.TryAdmit(peer, HelloKind.Addressed, Start with { Monotonic = Start.Monotonic + window }, out _));
    }

    private static bool Admit(HandshakeAdmission admission, string address, HelloKind kind = HelloKind.Addressed) =>
        admission.TryAdmit(new IPEndPoint(IPAddress.Parse(address), 1), kind, Start, out _);
}
