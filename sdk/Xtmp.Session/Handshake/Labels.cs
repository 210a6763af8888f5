namespace Xtmp.Session;

/// <summary>The constant texts of SPEC §2.</summary>
internal static class Labels
{
    public static ReadOnlySpan<byte> Signature => "XTMP1-MLDSA87-Ed25519-SHA512"u8;

    public static ReadOnlySpan<byte> Agreement => "XTMP1-MLKEM1024-X25519"u8;

    public static ReadOnlySpan<byte> Mac1 => "XTMP1 mac1"u8;

    public static ReadOnlySpan<byte> RootCertificate => "XTMP1 root cert"u8;

    public static ReadOnlySpan<byte> Client => "client"u8;

    public static ReadOnlySpan<byte> Server => "server"u8;

    public static ReadOnlySpan<byte> Role(PeerRole role) => role == PeerRole.Client ? Client : Server;
}
