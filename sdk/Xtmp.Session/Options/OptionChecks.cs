using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Refuses options that could not work, at the one place where they enter.</summary>
internal static class OptionChecks
{
    // Far from where times added up would overflow.
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(3650);

    public static void Require(SessionOptions options)
    {
        var limits = options.Limits;
        Check(!options.EncryptionTypes.IsDefaultOrEmpty && options.EncryptionTypes.Length <= HandshakeLimits.MaxListed
            && options.EncryptionTypes.All(type => type is >= EncryptionType.Aes256Gcm and <= EncryptionType.PostQuantum)
            && options.EncryptionTypes.Distinct().Count() == options.EncryptionTypes.Length,
            "EncryptionTypes must name each type at most once and no other than 1, 2 and 3");
        Check(options.SchemaFingerprint.Length is 0 or HandshakeLimits.SchemaFingerprintSize, "SchemaFingerprint must be empty or 32 bytes");
        Check(options.Schemas.Count <= SchemaList.MaxSchemas && options.Schemas.DistinctBy(schema => schema.Tag).Count() == options.Schemas.Count,
            $"Schemas are at most {SchemaList.MaxSchemas}, each of a protocol of its own");
        Check(limits.MaxMessageBytes is >= 1024 and <= 1024 * 1024 * 1024, "MaxMessageBytes must be from 1 KiB to 1 GiB");
        Check(limits.MaxReassemblyBytes >= limits.MaxMessageBytes, "MaxReassemblyBytes must not be below MaxMessageBytes");
        Check(limits.MaxReassemblies > 0 && limits.MaxConcurrentRequests > 0 && limits.InitialStreamCredit >= 0, "counts must be positive");
        Check(limits.RekeyInterval >= TimeSpan.FromSeconds(1), "RekeyInterval must be at least one second");
        Check(limits.RekeyAfterBlocks <= limits.MaxBlocksPerKey, "RekeyAfterBlocks must not be over MaxBlocksPerKey");
        Check(limits.HandshakeTimeout > TimeSpan.Zero && limits.IdleTimeout > TimeSpan.Zero && limits.PeerTimeout > TimeSpan.Zero
            && limits.HeartbeatInterval > TimeSpan.Zero && limits.ReassemblyTimeout > TimeSpan.Zero, "times must be positive");
        foreach (var time in (ReadOnlySpan<TimeSpan>)[limits.HandshakeTimeout, limits.IdleTimeout, limits.PeerTimeout, limits.HeartbeatInterval, limits.ReassemblyTimeout, limits.RekeyInterval])
        {
            Check(time <= MaxTime, $"times must not be over {MaxTime.TotalDays:0} days");
        }

        Check(limits.MaxFailedDatagrams > 0, "MaxFailedDatagrams must be positive");
        Check(options is not ClientSessionOptions { ServerTrust: RootTrust, ServerName: null or "" }, "trust in a root needs a ServerName to hold certificates against");
        if (options is ClientSessionOptions { ServerName: { } name })
        {
            Check(System.Text.Encoding.UTF8.GetByteCount(name) <= HandshakeLimits.MaxNameBytes, "ServerName has at most 255 bytes");
        }
    }

    private static void Check(bool condition, string what)
    {
        if (!condition)
        {
            throw new ArgumentException($"Session options: {what}.");
        }
    }
}
