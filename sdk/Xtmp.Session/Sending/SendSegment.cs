using System.Buffers;

namespace Xtmp.Session;

/// <summary>A pooled buffer of a send level: records from Start to End, room after it.</summary>
internal sealed class SendSegment
{
    public byte[] Buffer { get; private set; } = [];

    public int Start { get; set; }

    public int End { get; set; }

    public SendSegment? Next { get; set; }

    public int Room => Buffer.Length - End;

    public void Rent(int size)
    {
        Buffer = ArrayPool<byte>.Shared.Rent(size);
        Start = 0;
        End = 0;
        Next = null;
    }

    /// <summary>Gives the buffer back. Plaintext may hold secrets of the application, so what was used is erased.</summary>
    public void Release()
    {
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(Buffer.AsSpan(0, End));
        ArrayPool<byte>.Shared.Return(Buffer);
        Buffer = [];
    }
}
