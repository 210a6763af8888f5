namespace System.Runtime.CompilerServices;

/// <summary>Lets records and init accessors compile for netstandard2.0, which Roslyn needs of what it loads.</summary>
internal static class IsExternalInit;
