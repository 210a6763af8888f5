using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Error 0xFE: [code, text, field or nil, retryable, retry_after_ms or nil], and the detail behind it where there is one.</summary>
internal static class ErrorMessage
{
    private const int MaxTextChars = 400;
    private const int MaxFieldChars = 200;
    private const int Fields = 5;

    /// <summary>Longest detail of an error that a schema declares, in bytes.</summary>
    public const int MaxDetailBytes = 4096;

    /// <summary>Largest encoded length without a detail; longer texts are cut.</summary>
    public const int MaxLength = (3 * (MaxTextChars + MaxFieldChars)) + 64;

    public static int Write(Span<byte> destination, XtmpErrorCode code, string text, string? field, bool retryable, TimeSpan? retryAfter, ReadOnlySpan<byte> detail = default)
    {
        var writer = new WireWriter(destination);
        writer.Array(detail.IsEmpty ? Fields : Fields + 1);
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

        if (!detail.IsEmpty)
        {
            writer.Bytes(detail);
        }

        return writer.Length;
    }

    public static RemoteError? Read(ReadOnlySpan<byte> payload)
    {
        var reader = new WireReader(payload);
        var count = reader.Count(Fields + 1);
        reader.Require(count >= Fields);
        var code = (XtmpErrorCode)reader.Unsigned(ushort.MaxValue);
        var text = reader.Text(3 * MaxTextChars);
        var field = reader.TextOrNil(3 * MaxFieldChars);
        var retryable = reader.Boolean();
        TimeSpan? retryAfter = reader.IsNil() ? null : TimeSpan.FromMilliseconds(reader.Unsigned(uint.MaxValue));
        var detail = count > Fields ? reader.BytesUpTo(MaxDetailBytes) : default;
        reader.Require(count == Fields || !detail.IsEmpty);
        return reader.Failed || !PayloadPadding.IsValid(payload, reader.Offset) ? null : new(code, text, field, retryable, retryAfter) { Detail = detail.IsEmpty ? default(ReadOnlyMemory<byte>) : detail.ToArray() };
    }
}
