using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Transport;

/// <summary>
/// An identity's public keys on disk: a PEM block of 2,624 bytes, the ML-DSA-87 key and the Ed25519 key. Anybody may read it;
/// whoever may write it decides who is trusted.
/// </summary>
public static class PublicIdentityFile
{
    private const string Label = "XTMP IDENTITY PUBLIC KEY";
    private const long MaxFileSize = 16 * 1024;

    /// <exception cref="XtmpException">Local fault: the file cannot be read or is none.</exception>
    public static IdentityPublicKey Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileSize)
            {
                throw NotAKey(path);
            }

            var text = File.ReadAllText(path);
            if (!PemEncoding.TryFind(text, out var fields) || !text.AsSpan()[fields.Label].SequenceEqual(Label))
            {
                throw NotAKey(path);
            }

            ReadOnlySpan<byte> bytes = Convert.FromBase64String(text[fields.Base64Data]);
            return bytes.Length > Ed25519.PublicKeySize && IdentityPublicKey.TryImport(bytes[..^Ed25519.PublicKeySize], bytes[^Ed25519.PublicKeySize..], out var key) ? key : throw NotAKey(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The public identity file '{path}' cannot be read: {error.Message}", innerException: error);
        }
    }

    /// <summary>The file's text.</summary>
    public static string Write(IdentityPublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return PemEncoding.WriteString(Label, [.. key.MlDsaKey, .. key.Ed25519Key]) + "\n";
    }

    private static XtmpException NotAKey(string path) =>
        new(XtmpErrorCode.Internal, Fault.Local, $"The file '{path}' is no public identity (a PEM block '{Label}'). Make one with: xtmp keygen FILE --public '{path}'");
}
