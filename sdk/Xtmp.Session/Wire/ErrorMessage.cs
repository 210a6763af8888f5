using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Error 0xFE: [code, text, field or nil, retryable, retry_after_ms or nil].</summary>
internal static class ErrorMessage
{
    private const int MaxTextChars = 400;
    private const int MaxFieldChars = 200;

    /// <summary>Largest encoded length; longer texts are cut.</summary>
    public const int MaxLength = (3 * (MaxTextChars + MaxFieldChars)) + 64;

    public static int Write(Span<byte> destination, XtmpErrorCode code, string text, string? field, bool retryable, TimeSpan? retryAfter)
    {
        var writer = new WireWriter(destination);
        writer.Array(5);
        writer.Unsigned((ulong)code);
        writer.Text(WireText.Cut(text, MaxTextChars));
        writer.TextOrNil(field is null ? null : WireText.Cut(field, MaxFieldChars));
        writer.Boolean(retryable);
        if (retryAfter is { } wait)
        {
            writer.Unsigned((ulong)Math.Clamp(wait.TotalMilliseconds, 0, uint.MaxValue));
        }
        else
        {
            writer.Nil();
        }

        return writer.Length;
    }

    public static RemoteError? Read(ReadOnlySpan<byte> payload)
    {
        var reader = new WireReader(payload);
        reader.Array(5);
        var code = (XtmpErrorCode)reader.Unsigned(ushort.MaxValue);
        var text = reader.Text(3 * MaxTextChars);
        var field = reader.TextOrNil(3 * MaxFieldChars);
        var retryable = reader.Boolean();
        TimeSpan? retryAfter = reader.IsNil() ? null : TimeSpan.FromMilliseconds(reader.Unsigned(uint.MaxValue));
        return reader.Failed || !PayloadPadding.IsValid(payload, reader.Offset) ? null : new(code, text, field, retryable, retryAfter);
    }
}
