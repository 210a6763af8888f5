using System.Text.Unicode;

namespace Xtmp.Protocol.MessagePack;

/// <content>Stepping over a value of unknown shape.</content>
public static partial class MessagePackReader
{
    /// <summary>
    /// Returns the offset after one value of any type, checking that it is whole and in shortest form. Nesting beyond
    /// <paramref name="maxDepth"/> and more elements than <paramref name="elements"/> allows are refused; the elements
    /// met are taken from that budget. Extension types have no place in this protocol and are refused as well.
    /// </summary>
    public static int Skip(ReadOnlySpan<byte> source, int offset, int maxDepth, ref int elements)
    {
        // A stack of counts still to read would bound depth by memory; the call stack is bounded by maxDepth instead,
        // which every caller keeps small.
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        byte code = source[offset];
        switch (code)
        {
            case <= MessagePackCode.MaxPositiveFixInt or >= MessagePackCode.MinNegativeFixInt:
                return offset + 1;
            case MessagePackCode.Nil or MessagePackCode.False or MessagePackCode.True:
                return offset + 1;
            case >= MessagePackCode.UInt8 and <= MessagePackCode.UInt64:
                return ReadWideUnsigned(source, offset, out _);
            case >= MessagePackCode.Int8 and <= MessagePackCode.Int64:
                return ReadWideSignedOrFix(source, offset, out _);
            case MessagePackCode.Float32:
                return ReadFixed(source, offset, code, sizeof(float));
            case MessagePackCode.Float64:
                return ReadFixed(source, offset, code, sizeof(double));
            case >= MessagePackCode.Bin8 and <= MessagePackCode.Bin32:
                int data = ReadBinaryHeader(source, offset, out int dataLength);
                return data < 0 ? data : source.Length - data < dataLength ? Truncated : data + dataLength;
            case (>= MessagePackCode.FixString and < MessagePackCode.Nil) or MessagePackCode.Str8 or MessagePackCode.Str16 or MessagePackCode.Str32:
                int text = ReadStringHeader(source, offset, out int textLength);
                if (text < 0 || source.Length - text < textLength)
                {
                    return text < 0 ? text : Truncated;
                }

                return Utf8.IsValid(source.Slice(text, textLength)) ? text + textLength : InvalidUtf8;
            case (>= MessagePackCode.FixArray and < MessagePackCode.FixString) or MessagePackCode.Array16 or MessagePackCode.Array32:
                int items = ReadArrayHeader(source, offset, out int itemCount);
                return items < 0 ? items : SkipElements(source, items, itemCount, 1, maxDepth, ref elements);
            case (>= MessagePackCode.FixMap and < MessagePackCode.FixArray) or MessagePackCode.Map16 or MessagePackCode.Map32:
                int pairs = ReadMapHeader(source, offset, out int pairCount);
                return pairs < 0 ? pairs : SkipElements(source, pairs, pairCount, 2, maxDepth, ref elements);
            default:
                return WrongType;
        }
    }

    private static int SkipElements(ReadOnlySpan<byte> source, int offset, int count, int valuesEach, int maxDepth, ref int elements)
    {
        if (maxDepth <= 0 || count > elements)
        {
            return LimitExceeded;
        }

        elements -= count;
        for (long i = (long)count * valuesEach; i > 0; i--)
        {
            offset = Skip(source, offset, maxDepth - 1, ref elements);
            if (offset < 0)
            {
                return offset;
            }
        }

        return offset;
    }
}
