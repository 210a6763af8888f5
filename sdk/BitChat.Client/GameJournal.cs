using System.Buffers.Binary;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Client;

/// <summary>
/// A peer's journal in a file of one game: records, each flushed to the disk before what it says is signed. A record is its
/// length, a check of the length, a check of its bytes, and its bytes. What a crash cut short at the end is left out; anything
/// else that is damaged is refused, since a peer that forgets what it signed could sign twice.
/// </summary>
/// <remarks>
/// A file is replaced by renaming a whole one. The rename is durable before anything else is signed: the next record's flush
/// writes the file system's own journal too.
/// </remarks>
internal sealed class GameJournal : IDisposable
{
    /// <summary>Bytes of a journal that is read: more than the most that a table keeps, its seats filling every value.</summary>
    public const int MaxBytes = 128 * 1_024 * 1_024;

    private const int CheckSize = 8;
    private const int RecordHeader = 4 + CheckSize + CheckSize;

    private readonly byte[] _header;
    private readonly string _path;
    private readonly FileStream _lock;
    private FileStream _file;

    /// <param name="path">The file; made where there is none.</param>
    /// <param name="game">The game, 16 bytes.</param>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.Conflict"/> where another process plays with it or it is of another game, <see cref="XtmpErrorCode.PayloadMalformed"/> where it is damaged, <see cref="XtmpErrorCode.StorageUnavailable"/> where the disk refuses.</exception>
    public GameJournal(string path, ReadOnlyMemory<byte> game)
    {
        _path = path;
        _header = [.. "BitChat journal 2\n"u8, .. game.Span];
        try
        {
            _lock = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(path + ".lock"))
        {
            throw new XtmpException(XtmpErrorCode.Conflict, Fault.Local, $"Another process plays with the journal '{path}'.", innerException: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(error);
        }

        try
        {
            Records = Guard(() => File.Exists(path) ? Read() : []);
            _file = Guard(() => Open(Records));
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>What was there at the start.</summary>
    public IReadOnlyList<JournalRecord> Records { get; }

    public void Append(JournalRecord record) => Guard(() =>
    {
        Write(_file, record);
        _file.Flush(flushToDisk: true);
        return true;
    });

    /// <summary>Replaces all of it in one step.</summary>
    public void Rewrite(IReadOnlyList<JournalRecord> records) => Guard(() =>
    {
        _file.Dispose();
        _file = Open(records);
        return true;
    });

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // What was not flushed was not signed.
        }

        _lock.Dispose();
    }

    private List<JournalRecord> Read()
    {
        if (new FileInfo(_path).Length > MaxBytes)
        {
            throw Damaged(0, $"it is longer than {MaxBytes:N0} bytes");
        }

        var bytes = File.ReadAllBytes(_path);
        if (!bytes.AsSpan().StartsWith(_header))
        {
            throw bytes.AsSpan().StartsWith(_header.AsSpan(0, _header.Length - 16)) && bytes.Length >= _header.Length
                ? new XtmpException(XtmpErrorCode.Conflict, Fault.Local, $"The journal '{_path}' is of game {Convert.ToHexStringLower(bytes.AsSpan(_header.Length - 16, 16))}. Give each game a journal of its own.")
                : Damaged(0, "it does not begin as a journal of this version does");
        }

        var records = new List<JournalRecord>();
        for (var at = _header.Length; at < bytes.Length;)
        {
            var rest = bytes.AsSpan(at);
            if (rest.Length < RecordHeader || !rest.ContainsAnyExcept((byte)0))
            {
                return records;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            if (!CheckOf(rest[..4]).SequenceEqual(rest.Slice(4, CheckSize)) || length < 0)
            {
                throw Damaged(at, "the length of a record is not what was written");
            }

            if (length >= rest.Length - RecordHeader && (length > rest.Length - RecordHeader || !IsWhole(rest, length)))
            {
                return records;
            }

            if (!IsWhole(rest, length) || EncodedOperation.Parse<JournalRecord>(rest.Slice(RecordHeader, length)) is not { } record)
            {
                throw Damaged(at, "a record is not what was written");
            }

            records.Add(record);
            at += RecordHeader + length;
        }

        return records;
    }

    private static bool IsWhole(ReadOnlySpan<byte> rest, int length) => CheckOf(rest.Slice(RecordHeader, length)).SequenceEqual(rest.Slice(4 + CheckSize, CheckSize));

    private static ReadOnlySpan<byte> CheckOf(ReadOnlySpan<byte> bytes) => Sha256.HashData(bytes).AsSpan(0, CheckSize);

    private static void Write(FileStream file, JournalRecord record)
    {
        var bytes = EncodedOperation.Of(record);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        file.Write([.. length, .. CheckOf(length), .. CheckOf(bytes), .. bytes]);
    }

    private FileStream Open(IReadOnlyList<JournalRecord> records)
    {
        var next = _path + ".new";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            file.Write(_header);
            foreach (var record in records)
            {
                Write(file, record);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(next, _path, overwrite: true);
        return new FileStream(_path, FileMode.Append, FileAccess.Write);
    }

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(error);
        }
    }

    private XtmpException Unavailable(Exception error) =>
        new(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The journal '{_path}' cannot be written: {error.Message} Nothing more is signed; start again once it can be.", innerException: error);

    private XtmpException Damaged(int at, string what) =>
        new(XtmpErrorCode.PayloadMalformed, Fault.Local, $"The journal '{_path}' is damaged at offset {at}: {what}. A peer that forgets what it signed could sign twice, so this one does not play on; take another key for a new game.");
}
