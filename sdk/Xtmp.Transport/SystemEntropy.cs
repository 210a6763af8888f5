using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>The operating system's cryptographic random source.</summary>
public sealed class SystemEntropy : IEntropy
{
    private SystemEntropy()
    {
    }

    public static SystemEntropy Instance { get; } = new();

    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
