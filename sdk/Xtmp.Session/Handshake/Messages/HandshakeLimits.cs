namespace Xtmp.Session;

/// <summary>Bounds on what handshake messages hold; none of them grows with what a peer claims.</summary>
internal static class HandshakeLimits
{
    public const int RandomSize = 32;
    public const int BinderSize = 48;
    public const int Mac1Size = 32;
    public const int FinishedSize = 48;
    public const int SchemaFingerprintSize = 32;

    /// <summary>Versions, suites and AEADs a hello may list.</summary>
    public const int MaxListed = 16;
    public const int MaxExtensions = 32;
    public const int MaxExtensionBytes = 1024;

    /// <summary>A DNS name has at most 253 characters.</summary>
    public const int MaxNameBytes = 255;
    public const int MaxTicketBytes = 2048;

    /// <summary>Certificate body and both signatures.</summary>
    public const int MaxCertificateBytes = 6 * 1024;
    public const int MaxEndpointBytes = 300;
    public const int TicketNonceSize = 16;
}
