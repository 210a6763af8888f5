using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>
/// What a cluster's silos share, and in a silo's data directory what the root says of that silo: PEM blocks in a file that is its
/// owner's alone, for the secret that tickets rest on is in it.
/// </summary>
internal sealed record ClusterFile
{
    public const string FileName = "cluster.pem";

    private const string NameLabel = "XTMP CLUSTER NAME";
    private const string RootLabel = "XTMP CLUSTER ROOT";
    private const string TicketLabel = "XTMP CLUSTER TICKET SECRET";
    private const string ServerLabel = "XTMP SILO SERVER CERTIFICATE";
    private const string ClientLabel = "XTMP SILO CLIENT CERTIFICATE";
    private const long MaxFileSize = 64 * 1024;

    public required string Name { get; init; }

    public required IdentityPublicKey Root { get; init; }

    /// <summary>What the silos make their ticket keys of, so that a client resumes at any of them.</summary>
    public required byte[] TicketSecret { get; init; }

    public IdentityCertificate? ServerCertificate { get; init; }

    public IdentityCertificate? ClientCertificate { get; init; }

    /// <exception cref="XtmpException">The file is missing, others may read it, or it is not whole; the message says which.</exception>
    public static ClusterFile Load(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            using var stream = PrivateFile.Open(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > MaxFileSize)
            {
                throw Unusable(path, $"it is over {MaxFileSize} bytes");
            }

            using var reader = new StreamReader(stream, Encoding.ASCII);
            return Parse(path, reader.ReadToEnd());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The cluster file '{path}' cannot be read: {error.Message}", "cluster_file", innerException: error);
        }
    }

    /// <summary>Writes the file in one go, over one that may be there.</summary>
    public void Save(string directory)
    {
        var text = new StringBuilder();
        Write(NameLabel, Encoding.UTF8.GetBytes(Name));
        Write(RootLabel, [.. Root.MlDsaKey, .. Root.Ed25519Key]);
        Write(TicketLabel, TicketSecret);
        if (ServerCertificate is not null && ClientCertificate is not null)
        {
            Write(ServerLabel, ServerCertificate.Encoded);
            Write(ClientLabel, ClientCertificate.Encoded);
        }

        var path = Path.Combine(directory, FileName);
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var stream = PrivateFile.Open(temporary, FileMode.CreateNew, FileAccess.Write))
        {
            stream.Write(Encoding.ASCII.GetBytes(text.ToString()));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);

        void Write(string label, ReadOnlySpan<byte> bytes) => text.Append(PemEncoding.WriteString(label, bytes)).Append('\n');
    }

    private static ClusterFile Parse(string path, string text)
    {
        var blocks = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            blocks[rest[fields.Label].ToString()] = Convert.FromBase64String(rest[fields.Base64Data].ToString());
            rest = rest[fields.Location.End..];
        }

        var root = Block(RootLabel);
        var secret = Block(TicketLabel);
        if (root.Length < Ed25519.PublicKeySize || !IdentityPublicKey.TryImport(root.AsSpan(..^Ed25519.PublicKeySize), root.AsSpan(^Ed25519.PublicKeySize..), out var key))
        {
            throw Unusable(path, $"its block '{RootLabel}' is no public key");
        }

        if (secret.Length != TicketKeyRing.SecretSize)
        {
            throw Unusable(path, $"its block '{TicketLabel}' has {secret.Length} bytes, not {TicketKeyRing.SecretSize}");
        }

        return new ClusterFile
        {
            Name = Encoding.UTF8.GetString(Block(NameLabel)),
            Root = key,
            TicketSecret = secret,
            ServerCertificate = Certificate(ServerLabel),
            ClientCertificate = Certificate(ClientLabel),
        };

        byte[] Block(string label) => blocks.TryGetValue(label, out var bytes) ? bytes : throw Unusable(path, $"its block '{label}' is missing");

        IdentityCertificate? Certificate(string label) =>
            !blocks.TryGetValue(label, out var bytes) ? null
            : IdentityCertificate.TryDecode(bytes, out var certificate) ? certificate
            : throw Unusable(path, $"its block '{label}' is no certificate");
    }

    private static XtmpException Unusable(string path, string why) =>
        new(XtmpErrorCode.Internal, Fault.Local, $"The cluster file '{path}' cannot be used: {why}. Make it anew with: xtmp-silo cluster join", "cluster_file");
}
