namespace Xtmp.Crypto;

/// <summary>
/// Which identities keep their ML-DSA key expanded: so many of a process, whoever holds the others. An identity gets in with a
/// valid signature only, and stays while it is used more often than those that come. Safe for concurrent use.
/// </summary>
[PublicData("Public keys.")]
internal static class ExpandedKeys
{
    /// <summary>Identities, at about 64 KiB each: 32 MiB.</summary>
    public const int Max = 512;

    private static readonly Lock s_gate = new();
    private static readonly IdentityPublicKey?[] s_kept = new IdentityPublicKey?[Max];
    private static int s_hand;

    /// <summary>Takes an identity in; the first that nobody has used since it was last looked at makes room.</summary>
    public static void Enter(IdentityPublicKey identity)
    {
        lock (s_gate)
        {
            while (s_kept[s_hand] is { } other && other.TakeUse())
            {
                s_hand = (s_hand + 1) % Max;
            }

            s_kept[s_hand]?.Shrink();
            s_kept[s_hand] = identity;
            s_hand = (s_hand + 1) % Max;
        }
    }
}
