using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A C# name that a schema declaration needs.</summary>
/// <param name="Name">The declaration's schema name; empty for the catalogue.</param>
/// <param name="ClrName">With the namespace.</param>
/// <param name="Position">Where the declaration stands.</param>
internal sealed record NameClaim(string Name, string ClrName, SourcePosition Position);
