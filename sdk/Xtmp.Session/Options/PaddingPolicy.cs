namespace Xtmp.Session;

/// <summary>
/// Hides exact message sizes by zero bytes after the message (SPEC §1, payload rule 5). Never applied to
/// compressed messages or handshake frames.
/// </summary>
/// <param name="BucketBytes">Messages are padded to a multiple of this; 0 means no padding.</param>
/// <param name="MaxBytes">Messages larger than this are not padded.</param>
public sealed record PaddingPolicy(int BucketBytes, int MaxBytes = 16 * 1024)
{
    public static PaddingPolicy None { get; } = new(0);

    /// <summary>Zero bytes to add after a message of <paramref name="length"/> bytes.</summary>
    public int PaddingFor(int length)
    {
        if (BucketBytes <= 1 || length > MaxBytes)
        {
            return 0;
        }

        var over = length % BucketBytes;
        return over == 0 ? 0 : BucketBytes - over;
    }
}
