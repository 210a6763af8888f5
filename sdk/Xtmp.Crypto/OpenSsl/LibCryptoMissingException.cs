namespace Xtmp.Crypto;

/// <summary>
/// libcrypto of OpenSSL 3 could not be loaded. Ed25519, X25519 and the record ciphers need it; the message says how to
/// get it.
/// </summary>
public sealed class LibCryptoMissingException : InvalidOperationException
{
    internal LibCryptoMissingException(IReadOnlyList<string> names)
        : base($"OpenSSL 3's libcrypto was not found (tried {string.Join(", ", names)}). Install it where the system's loader looks: "
            + "Debian and Ubuntu 'apt install libssl3', Fedora and RHEL 'dnf install openssl-libs', Alpine 'apk add libcrypto3', "
            + "macOS 'brew install openssl@3', Windows: OpenSSL 3's bin folder on PATH.")
    {
    }
}
