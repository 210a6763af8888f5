namespace Xtmp.Schema.Patterns;

/// <summary>Leaves the pattern parser; never leaves <see cref="PatternCompiler"/>.</summary>
internal sealed class PatternSyntaxException(string message) : Exception(message);
