using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>What the server chose in ServerHello and announced in Params.</summary>
internal sealed record ServerTerms(EncryptionType Encryption, bool Resumed, TimeSpan RoundTrip)
{
    public ClientAuthentication ClientAuthentication { get; init; }

    public AnnouncedLimits Limits { get; init; }

    public byte[] Schema { get; init; } = [];

    public IReadOnlyList<string> SchemaMismatches { get; init; } = [];

    public bool HasDatagrams { get; init; }

    public bool TakesTraceContext { get; init; }

    public string? DatagramEndpoint { get; init; }
}
