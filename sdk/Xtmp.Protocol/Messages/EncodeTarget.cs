using System.Buffers;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xtmp.Protocol;

/// <summary>For generated codecs: where an encoding goes, with its size checked once.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class EncodeTarget
{
    /// <summary>Up to this many bytes a writer is asked for the upper bound rather than for the exact size.</summary>
    public const long AmpleSize = 1024;

    /// <summary>The start of a span that holds at least <paramref name="size"/> bytes.</summary>
    /// <exception cref="ArgumentException">It is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte In(Span<byte> destination, long size)
    {
        if (size > destination.Length)
        {
            ThrowShort();
        }

        return ref MemoryMarshal.GetReference(destination);
    }

    /// <summary>The start of at least <paramref name="size"/> bytes of a writer.</summary>
    /// <exception cref="ArgumentException">The writer gave fewer.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte In(IBufferWriter<byte> output, long size) => ref In(output.GetSpan(checked((int)size)), size);

    [DoesNotReturn]
    private static void ThrowShort() => throw new ArgumentException("The destination is shorter than the encoding.", "destination");
}
