using System.Security.Cryptography;

namespace Xtmp.Runtime;

/// <summary>Where a grain's random bytes come from, so that a test can replay a run.</summary>
public interface IGrainEntropy
{
    /// <summary>Fills all of <paramref name="destination"/>. May be called from several threads at once.</summary>
    void Fill(Span<byte> destination);
}

/// <summary>The operating system's cryptographic random source.</summary>
public sealed class SystemGrainEntropy : IGrainEntropy
{
    private SystemGrainEntropy()
    {
    }

    public static SystemGrainEntropy Instance { get; } = new();

    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
