using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>Fair numbers of 32 random bytes.</summary>
public static class Dice
{
    /// <summary>Numbers from 0 to below <paramref name="sides"/>, each as likely as the others.</summary>
    /// <param name="randomness">The roll's outcome.</param>
    /// <param name="count">How many numbers.</param>
    /// <param name="sides">2 to 256.</param>
    public static int[] Take(ReadOnlySpan<byte> randomness, int count, int sides)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sides, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sides, 256);
        var fair = 256 / sides * sides;
        var numbers = new int[count];
        byte[] block = [.. randomness];
        for (int taken = 0, at = 0; taken < count; at++)
        {
            if (at == block.Length)
            {
                block = Sha256.HashData(block);
                at = 0;
            }

            // Bytes beyond the last whole multiple would favour the low numbers.
            if (block[at] < fair)
            {
                numbers[taken++] = block[at] % sides;
            }
        }

        return numbers;
    }

    /// <summary>Two dice.</summary>
    public static (byte First, byte Second) Of(ReadOnlySpan<byte> randomness)
    {
        var numbers = Take(randomness, 2, 6);
        return ((byte)(numbers[0] + 1), (byte)(numbers[1] + 1));
    }
}
