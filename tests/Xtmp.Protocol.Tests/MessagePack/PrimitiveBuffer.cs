using System.Runtime.CompilerServices;

namespace Xtmp.Protocol.Tests;

/// <summary>Writes one primitive at a reference.</summary>
internal delegate ref byte Put(ref byte to);

/// <summary>Room for one primitive, and a check that nothing is written behind what the primitive says it wrote.</summary>
internal static class PrimitiveBuffer
{
    private const byte Untouched = 0xc1;

    public static byte[] Write(Put put, int room = 256)
    {
        var buffer = new byte[room];
        buffer.AsSpan().Fill(Untouched);
        int length = (int)Unsafe.ByteOffset(ref buffer[0], ref put(ref buffer[0]));
        Assert.Equal(-1, buffer.AsSpan(length).IndexOfAnyExcept(Untouched));
        return buffer[..length];
    }
}
