namespace Xtmp.Crypto;

/// <summary>The providers of ML-KEM and ML-DSA.</summary>
[PublicData("Chooses by what the platform supports.")]
public static class CryptoProviders
{
    /// <summary>FIPS 203 and FIPS 204 in this assembly; works everywhere.</summary>
    public static ICryptoProvider Managed { get; } = new ManagedCryptoProvider();

    /// <summary>.NET's own MLKem and MLDsa (OpenSSL 3.5, Windows 11); see <see cref="ICryptoProvider.IsSupported"/>.</summary>
    public static ICryptoProvider Platform { get; } = new PlatformCryptoProvider();

    /// <summary>The platform's where it is supported, else the managed one.</summary>
    public static ICryptoProvider Default { get; } = Platform.IsSupported ? Platform : Managed;
}
