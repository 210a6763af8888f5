using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>
/// An identity's seeds on disk: a PEM block of 64 bytes, the ML-DSA-87 seed (FIPS 204 ξ) and the Ed25519 seed
/// (RFC 8032), readable by the owner only. Not encrypted: whoever reads the file is the identity.
/// </summary>
public static class IdentityFile
{
    private const string Label = "XTMP IDENTITY SEEDS";
    private const int SeedsSize = 64;
    private const long MaxFileSize = 4096;

    /// <summary>Reads the identity at <paramref name="path"/>, or makes one there when nothing exists.</summary>
    /// <param name="path">The file.</param>
    /// <param name="entropy">Source of the seeds; null: the operating system's.</param>
    /// <exception cref="XtmpException">Local fault: the file exists and is not an identity, or cannot be read or written.</exception>
    public static IdentityKey LoadOrCreate(string path, IEntropy? entropy = null)
    {
        try
        {
            return File.Exists(path) ? Load(path) : Create(path, entropy ?? SystemEntropy.Instance);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The identity file '{path}' cannot be used: {error.Message}", innerException: error);
        }
    }

    private static IdentityKey Load(string path)
    {
        PrivateFile.RequireOwnerOnly(path);
        if (new FileInfo(path).Length > MaxFileSize)
        {
            throw NotAnIdentity(path);
        }

        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The identity file '{path}' may be used by others than its owner, so its keys may be known to them. Run: chmod 600 '{path}'");
        }

        var text = File.ReadAllText(path);
        var seeds = new byte[SeedsSize];
        try
        {
            if (!PemEncoding.TryFind(text, out var fields)
                || !text.AsSpan()[fields.Label].SequenceEqual(Label)
                || fields.DecodedDataLength != SeedsSize
                || !Convert.TryFromBase64Chars(text.AsSpan()[fields.Base64Data], seeds, out var written)
                || written != SeedsSize)
            {
                throw NotAnIdentity(path);
            }

            return IdentityKey.FromSeeds(seeds.AsSpan(0, 32), seeds.AsSpan(32, 32));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seeds);
        }
    }

    // Written to a neighbour and renamed, so that a full disk or a crash leaves no half identity behind.
    private static IdentityKey Create(string path, IEntropy entropy)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(directory))
        {
            PrivateFile.CreateDirectory(directory);
        }

        var seeds = new byte[SeedsSize];
        try
        {
            entropy.Fill(seeds);
            var identity = IdentityKey.FromSeeds(seeds.AsSpan(0, 32), seeds.AsSpan(32, 32));
            var temporary = path + ".new";
            File.Delete(temporary);
            using (var stream = PrivateFile.Open(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(Encoding.ASCII.GetBytes(PemEncoding.WriteString(Label, seeds) + "\n"));
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: false);
            return identity;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seeds);
        }
    }

    private static XtmpException NotAnIdentity(string path) =>
        new(XtmpErrorCode.Internal, Fault.Local, $"The file '{path}' exists and is not an XTMP identity (a PEM block '{Label}' of {SeedsSize} bytes). Move it away to have a new identity made.");
}
