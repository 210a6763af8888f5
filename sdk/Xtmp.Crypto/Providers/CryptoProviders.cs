namespace Xtmp.Crypto;

/// <summary>
/// The provider of ML-KEM and ML-DSA in this process. A program that wants another than the managed one names it with
/// <see cref="Use"/> before its first key; from then on it stays.
/// </summary>
[PublicData("Chooses by name.")]
public static class CryptoProviders
{
    private static ICryptoProvider? s_current;

    /// <summary>FIPS 203 and FIPS 204 in this assembly; works everywhere.</summary>
    public static ICryptoProvider Managed { get; } = new ManagedCryptoProvider();

    /// <summary>.NET's own MLKem and MLDsa (OpenSSL 3.5, Windows 11); see <see cref="ICryptoProvider.IsSupported"/>.</summary>
    public static ICryptoProvider Platform { get; } = new PlatformCryptoProvider();

    /// <summary>The provider of all operations for which none is named: the one given to <see cref="Use"/>, else the managed one.</summary>
    public static ICryptoProvider Current => Volatile.Read(ref s_current) ?? Choose(Managed);

    /// <summary>Chooses the provider of this process; naming the one in use again does nothing.</summary>
    /// <exception cref="PlatformNotSupportedException">It does not work on this machine.</exception>
    /// <exception cref="InvalidOperationException">Another provider is in use already.</exception>
    public static void Use(ICryptoProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        if (!provider.IsSupported)
        {
            throw new PlatformNotSupportedException($"The cryptographic provider '{provider.Name}' does not work on this machine.");
        }

        ICryptoProvider chosen = Choose(provider);
        if (chosen != provider)
        {
            throw new InvalidOperationException($"The cryptographic provider '{chosen.Name}' is in use; '{provider.Name}' must be chosen before the first key.");
        }
    }

    private static ICryptoProvider Choose(ICryptoProvider provider) => Interlocked.CompareExchange(ref s_current, provider, null) ?? provider;
}
