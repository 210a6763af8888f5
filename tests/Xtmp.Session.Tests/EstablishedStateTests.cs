using System.Reflection;
using Xtmp.Crypto;
using Xtmp.TestKit;

namespace Xtmp.Session.Tests;

/// <summary>What a session still holds of its handshake.</summary>
public sealed class EstablishedStateTests
{
    // Before: 71 KB a session whose client had an identity, the expanded public key.
    [Fact]
    public void an_established_session_holds_no_public_key_of_its_peer()
    {
        using var pair = new SessionPair(PairOptions.FreshClient(), PairOptions.Server with { ClientTrust = TrustPolicy.AnyOf(_ => true) });
        pair.Run();
        Assert.NotNull(pair.Server.Session.Established!.ClientFingerprint);
        Assert.DoesNotContain(Reachable(pair.Server.Session), held => held is IdentityPublicKey key && key.Fingerprint == TestIdentities.Client.Public.Fingerprint);
        Assert.Contains(Reachable(pair.Server.Session), held => held is VerifiedPeer peer && peer.Fingerprint == TestIdentities.Client.Public.Fingerprint);
    }

    private static List<object> Reachable(object root)
    {
        var found = new HashSet<object>(ReferenceEqualityComparer.Instance) { root };
        var open = new Queue<object>([root]);
        while (open.TryDequeue(out var held))
        {
            for (var type = held.GetType(); type is not null; type = type.BaseType)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    Add(field.FieldType.IsPointer || field.FieldType.IsByRefLike ? null : field.GetValue(held));
                }
            }

            if (held is object?[] items)
            {
                Array.ForEach(items, Add);
            }
        }

        return [.. found];

        void Add(object? next)
        {
            if (next is not (null or string or Type or MemberInfo or Pointer) && !next.GetType().IsPrimitive && !next.GetType().IsEnum && found.Add(next))
            {
                open.Enqueue(next);
            }
        }
    }
}
