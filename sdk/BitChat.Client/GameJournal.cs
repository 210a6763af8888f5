using System.Buffers.Binary;
using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Client;

/// <summary>A peer's journal in a file: records with their lengths, each flushed to the disk. A record that a crash cut short is left out.</summary>
internal sealed class GameJournal : IDisposable
{
    private readonly string _path;
    private FileStream _file;

    public GameJournal(string path)
    {
        _path = path;
        Records = File.Exists(path) ? [.. Read(File.ReadAllBytes(path))] : [];
        _file = Open(Records);
    }

    /// <summary>What was there at the start.</summary>
    public IReadOnlyList<JournalRecord> Records { get; }

    public void Append(JournalRecord record)
    {
        Write(_file, record);
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Replaces all of it in one step.</summary>
    public void Rewrite(IReadOnlyList<JournalRecord> records)
    {
        _file.Dispose();
        _file = Open(records);
    }

    public void Dispose() => _file.Dispose();

    private static IEnumerable<JournalRecord> Read(byte[] bytes)
    {
        for (var at = 0; at + 4 <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            if (length < 0 || length > bytes.Length - at - 4 || EncodedOperation.Parse<JournalRecord>(bytes.AsSpan(at + 4, length)) is not { } record)
            {
                yield break;
            }

            yield return record;
            at += 4 + length;
        }
    }

    private static void Write(FileStream file, JournalRecord record)
    {
        var bytes = EncodedOperation.Of(record);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        file.Write(length);
        file.Write(bytes);
    }

    private FileStream Open(IReadOnlyList<JournalRecord> records)
    {
        var next = _path + ".new";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            foreach (var record in records)
            {
                Write(file, record);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(next, _path, overwrite: true);
        return new FileStream(_path, FileMode.Append, FileAccess.Write);
    }
}
