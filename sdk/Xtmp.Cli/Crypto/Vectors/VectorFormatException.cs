namespace Xtmp.Cli.Crypto;

/// <summary>A vector file that is not what its schema says; the message names the place.</summary>
public sealed class VectorFormatException(string message) : Exception(message);
