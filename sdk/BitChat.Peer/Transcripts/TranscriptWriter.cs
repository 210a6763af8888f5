using System.Buffers;
using System.Buffers.Binary;
using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// Writes a table's transcript: "BITCHAT1", then records, each a length as u32 big-endian and a TranscriptRecord in canonical
/// encoding: the first state, every decided value, and the end.
/// </summary>
public sealed class TranscriptWriter
{
    private readonly IBufferWriter<byte> _output;

    /// <param name="output">Takes the bytes.</param>
    /// <param name="first">The table before its first height.</param>
    public TranscriptWriter(IBufferWriter<byte> output, TableState first)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(first);
        _output = output;
        output.Write(TranscriptVerifier.Magic);
        Write(new TranscriptStart { GameId = first.GameId, State = first.Encoded });
    }

    /// <summary>The next height.</summary>
    public void Write(DecidedValue decided) => Write((TranscriptRecord)decided);

    /// <summary>The end; nothing follows it.</summary>
    public void End(TableState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Write(new TranscriptEnd { Height = state.Height, StateRoot = state.Root });
    }

    private void Write(TranscriptRecord record)
    {
        var bytes = EncodedOperation.Of(record);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        _output.Write(length);
        _output.Write(bytes);
    }
}
