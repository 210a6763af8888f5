using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>
/// The keys of a cluster. A root directory, kept offline, has the root's identity (<c>root.pem</c>), the identity that the silos show
/// their clients (<c>service.pem</c>) and what they share (<c>cluster.pem</c>). The data directory of a silo has the service's
/// identity (<c>identity.pem</c>), one that only silos see (<c>silo.pem</c>), and <c>cluster.pem</c> with the root's certificates for it.
/// </summary>
internal sealed class ClusterKeys : IDisposable
{
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(365);

    private const string RootFile = "root.pem";
    private const string ServiceFile = "service.pem";
    private const string SiloFile = "silo.pem";

    // A silo's clock may be a little behind the one of the root's machine.
    private static readonly TimeSpan ClockMargin = TimeSpan.FromMinutes(5);

    private readonly IdentityKey _identity;

    private ClusterKeys(IdentityKey identity, ClusterFile file)
    {
        _identity = identity;
        TicketSecret = file.TicketSecret;
        Credentials = new SiloCredentials
        {
            Identity = identity,
            Root = file.Root,
            Cluster = file.Name,
            ServerCertificate = file.ServerCertificate!,
            ClientCertificate = file.ClientCertificate!,
        };
    }

    public SiloCredentials Credentials { get; }

    public byte[] TicketSecret { get; }

    /// <summary>Sessions under these keys, for the connections between silos.</summary>
    public SiloTraffic ToTraffic(Func<Fingerprint, bool> isWithdrawn, TimeProvider time, ILogger logger)
    {
        var tunnel = new SiloTunnel(Credentials with { IsWithdrawn = isWithdrawn }, time, logger);
        return new SiloTraffic(tunnel.Inbound, tunnel.Outbound);
    }

    /// <summary>Makes the root of a new cluster.</summary>
    /// <returns>Fingerprints of the root and of the service that clients will pin.</returns>
    /// <exception cref="XtmpException">There is a root already, or the directory cannot be used.</exception>
    public static (Fingerprint Root, Fingerprint Service) Init(string rootDirectory, string name)
    {
        if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > 64)
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, "A cluster's name has 1 to 64 bytes of UTF-8.", "name");
        }

        return Use(rootDirectory, () =>
        {
            var rootPath = Path.Combine(rootDirectory, RootFile);
            if (File.Exists(rootPath))
            {
                throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"'{rootPath}' is the root of a cluster already; a new cluster needs a directory of its own.", "root");
            }

            PrivateFile.CreateDirectory(rootDirectory);
            using var root = IdentityFile.LoadOrCreate(rootPath, SystemEntropy.Instance);
            using var service = IdentityFile.LoadOrCreate(Path.Combine(rootDirectory, ServiceFile), SystemEntropy.Instance);
            new ClusterFile { Name = name, Root = root.Public, TicketSecret = RandomNumberGenerator.GetBytes(TicketKeyRing.SecretSize) }.Save(rootDirectory);
            return (root.Public.Fingerprint, service.Public.Fingerprint);
        });
    }

    /// <summary>Makes a data directory one of a silo of the cluster, or renews the certificates of one that is.</summary>
    /// <returns>The silo's own fingerprint, and until when it may take part.</returns>
    /// <exception cref="XtmpException">A directory cannot be used, or the silo has another identity than the cluster's service.</exception>
    public static (Fingerprint Silo, DateTimeOffset NotAfter) Join(string rootDirectory, string dataDirectory, TimeSpan lifetime, TimeProvider time) => Use(rootDirectory, () =>
    {
        if (!File.Exists(Path.Combine(rootDirectory, RootFile)))
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"'{rootDirectory}' holds no root of a cluster ({RootFile}). Make one with: xtmp-silo cluster init --root '{rootDirectory}' --name NAME", "root");
        }

        var shared = ClusterFile.Load(rootDirectory);
        using var root = IdentityFile.LoadOrCreate(Path.Combine(rootDirectory, RootFile), SystemEntropy.Instance);
        if (root.Public.Fingerprint != shared.Root.Fingerprint)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"'{Path.Combine(rootDirectory, ClusterFile.FileName)}' is of another root than {RootFile} beside it.", "root");
        }

        PrivateFile.CreateDirectory(dataDirectory);
        CopyService(Path.Combine(rootDirectory, ServiceFile), Path.Combine(dataDirectory, SiloKeys.IdentityFileName));
        using var silo = IdentityFile.LoadOrCreate(Path.Combine(dataDirectory, SiloFile), SystemEntropy.Instance);
        var notBefore = time.GetUtcNow() - ClockMargin;
        var notAfter = time.GetUtcNow() + lifetime;
        (shared with { ServerCertificate = Issue(PeerRole.Server), ClientCertificate = Issue(PeerRole.Client) }).Save(dataDirectory);
        return (silo.Public.Fingerprint, notAfter);

        IdentityCertificate Issue(PeerRole role) => IdentityCertificate.Issue(
            root, silo.Public.Fingerprint, shared.Name, role, notBefore, notAfter, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))), SystemEntropy.Instance);
    });

    /// <summary>What a silo starts with.</summary>
    /// <exception cref="XtmpException">A file is missing, of another cluster or identity, or out of date; the message says what to do.</exception>
    public static ClusterKeys Load(string dataDirectory, DateTimeOffset now)
    {
        if (!File.Exists(Path.Combine(dataDirectory, ClusterFile.FileName)))
        {
            throw new XtmpException(
                XtmpErrorCode.PayloadInvalid, Fault.Local,
                $"The data directory '{dataDirectory}' has no {ClusterFile.FileName}, so this silo cannot prove to the others that it is one of the cluster. Make it with: xtmp-silo cluster join --root ROOT --data '{dataDirectory}'. On a network that nobody else is on, --plain-silo-traffic does without.",
                "cluster_file");
        }

        var file = ClusterFile.Load(dataDirectory);
        if (!File.Exists(Path.Combine(dataDirectory, SiloFile)))
        {
            throw Wrong($"The silo's identity '{Path.Combine(dataDirectory, SiloFile)}' is missing, which its certificates are for.");
        }

        var identity = IdentityFile.LoadOrCreate(Path.Combine(dataDirectory, SiloFile), SystemEntropy.Instance);
        try
        {
            Check(file, file.ServerCertificate, PeerRole.Server, identity, now);
            Check(file, file.ClientCertificate, PeerRole.Client, identity, now);
            return new ClusterKeys(identity, file);
        }
        catch
        {
            identity.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _identity.Dispose();
        CryptographicOperations.ZeroMemory(TicketSecret);
    }

    private static void Check(ClusterFile file, IdentityCertificate? certificate, PeerRole role, IdentityKey identity, DateTimeOffset now)
    {
        if (certificate is null)
        {
            throw Wrong($"{ClusterFile.FileName} holds no certificate of a silo: it is the root's own.");
        }

        if (certificate.Fingerprint != identity.Public.Fingerprint)
        {
            throw Wrong($"The {role} certificate in {ClusterFile.FileName} is for the silo {certificate.Fingerprint}; {SiloFile} is {identity.Public.Fingerprint}.");
        }

        if (certificate.Role != role || certificate.Name != file.Name || certificate.TryVerify(file.Root) is null)
        {
            throw Wrong($"The {role} certificate in {ClusterFile.FileName} is not one that the root {file.Root.Fingerprint} gave a silo of '{file.Name}'.");
        }

        if (now < certificate.NotBefore || now > certificate.NotAfter)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"The {role} certificate in {ClusterFile.FileName} is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}, and it is {now:u}."));
        }
    }

    private static void CopyService(string from, string to)
    {
        if (!File.Exists(to))
        {
            using var target = PrivateFile.Open(to, FileMode.CreateNew, FileAccess.Write);
            using var source = PrivateFile.Open(from, FileMode.Open, FileAccess.Read, FileShare.Read);
            source.CopyTo(target);
            target.Flush(flushToDisk: true);
            return;
        }

        using var service = IdentityFile.LoadOrCreate(from, SystemEntropy.Instance);
        using var own = IdentityFile.LoadOrCreate(to, SystemEntropy.Instance);
        if (own.Public.Fingerprint != service.Public.Fingerprint)
        {
            throw new XtmpException(
                XtmpErrorCode.Internal, Fault.Local,
                $"'{to}' is the identity {own.Public.Fingerprint}; the silos of this cluster show their clients {service.Public.Fingerprint}. Move the file away, and tell the clients that pin it.", "data");
        }
    }

    private static T Use<T>(string directory, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The cluster's keys in '{directory}' cannot be used: {error.Message}", innerException: error);
        }
    }

    private static XtmpException Wrong(string text) =>
        new(XtmpErrorCode.PayloadInvalid, Fault.Local, text + " Renew it with: xtmp-silo cluster join --root ROOT --data DATA", "cluster_file");
}
