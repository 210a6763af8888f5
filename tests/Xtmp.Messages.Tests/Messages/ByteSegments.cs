using System.Buffers;
using Xtmp.Protocol;

namespace Xtmp.Messages.Tests;

/// <summary>Bytes as a sequence of segments of one byte each: the worst a pipe may do.</summary>
internal sealed class ByteSegments : ReadOnlySequenceSegment<byte>
{
    public static ReadOnlySequence<byte> Of(byte[] bytes)
    {
        var first = new ByteSegments();
        var last = first;
        for (int i = 0; i < bytes.Length; i++)
        {
            var next = new ByteSegments { Memory = bytes.AsMemory(i, 1), RunningIndex = i };
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
