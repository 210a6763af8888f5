using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>What a client's hello asked for, and what this end chose of it.</summary>
internal sealed record ClientTerms(EncryptionType Encryption, AnnouncedLimits Limits, byte[] Schema, bool HasDatagrams, string? ServerName, bool KnowsIdentity)
{
    public IReadOnlyList<string> SchemaMismatches { get; init; } = [];

    /// <summary>The ticket's contents where the session is resumed; else null.</summary>
    public ResumedClient? Resumed { get; init; }
}
