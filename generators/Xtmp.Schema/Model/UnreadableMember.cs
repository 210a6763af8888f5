namespace Xtmp.Schema;

/// <summary>A field or method of a draft that could not be read, so that code that uses it need not fail as well.</summary>
/// <param name="ClrName">Its C# name.</param>
/// <param name="IsMany">A list, or a method that gives a stream.</param>
public sealed record UnreadableMember(string ClrName, bool IsMany);
