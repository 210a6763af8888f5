namespace Xtmp.Crypto;

/// <summary>
/// Where random bytes come from. This project has no random source of its own: the caller hands one in. The system's
/// source lives with the IO shell; tests use a seeded one.
/// </summary>
public interface IEntropy
{
    /// <summary>Fills all of <paramref name="destination"/> with unpredictable bytes.</summary>
    void Fill(Span<byte> destination);
}
