using System.ComponentModel;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Protocol;

/// <summary>
/// For generated codecs: what is left of the limits during one decode, and where it went wrong. A reader that fails
/// calls <c>Fail</c> and returns its result; every reader on the way out adds its own field in front.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public ref struct DecodeState
{
    private DecodeStatus _status;
    private int _offset;
    private string? _field;
    private int _depth;
    private int _elements;
    private int _unknownBytes;

    public DecodeState(DecodeLimits limits)
    {
        _depth = limits.MaxDepth;
        _elements = limits.MaxElements;
        _unknownBytes = limits.MaxUnknownBytes;
    }

    /// <summary>Goes one level of nesting down; false when the limit is reached.</summary>
    public bool TryEnter() => --_depth >= 0;

    /// <summary>Comes back up.</summary>
    public void Leave() => _depth++;

    /// <summary>Turns the end of a read into what <c>TryDecode</c> gives back.</summary>
    public readonly DecodeStatus Finish(int end, out int consumed, out DecodeError error)
    {
        if (end >= 0)
        {
            consumed = end;
            error = default;
            return DecodeStatus.Ok;
        }

        consumed = 0;
        error = new DecodeError(_status, _offset, _field);
        return _status;
    }

    /// <summary>Notes a failure that no field is named in yet.</summary>
    public int Fail(int failure, int offset)
    {
        if (_status == DecodeStatus.Ok)
        {
            _status = (DecodeStatus)(-failure);
            _offset = offset;
        }

        return failure;
    }

    /// <summary>Notes a failure in a field, or puts the field in front of the path of one noted deeper down.</summary>
    public int Fail(int failure, ReadOnlySpan<byte> source, int offset, string field)
    {
        if (_status == DecodeStatus.Ok)
        {
            _status = (DecodeStatus)(-failure);
            _offset = offset;
        }

        if (_status == DecodeStatus.WrongType && _field is null && _offset == offset && MessagePackReader.IsNil(source, offset))
        {
            _status = DecodeStatus.MissingField;
        }

        _field = _field is null ? field : _field[0] == '[' ? field + _field : $"{field}.{_field}";
        return -(int)_status;
    }

    /// <summary>The same for an element of a list or map.</summary>
    public int FailItem(int failure, int offset, int index)
    {
        Fail(failure, offset);
        _field = _field is null ? $"[{index}]" : _field[0] == '[' ? $"[{index}]{_field}" : $"[{index}].{_field}";
        return failure;
    }

    /// <summary>The same for the arm of a union, whose own nil is a wrong type and not a missing field.</summary>
    public int FailArm(int failure, int offset, string arm)
    {
        Fail(failure, offset);
        _field = _field is null ? arm : $"{arm}.{_field}";
        return failure;
    }

    /// <summary>A struct whose array ends before a required field.</summary>
    public int FailMissing(int offset, string field)
    {
        _status = DecodeStatus.MissingField;
        _offset = offset;
        _field = field;
        return -(int)DecodeStatus.MissingField;
    }

    /// <summary>
    /// Checks a count before anything is allocated for it: against the field's own limits, the whole message's, the
    /// nesting, and the bytes there are, of which every element takes one. Zero or a negative status.
    /// </summary>
    public int Count(ReadOnlySpan<byte> source, int offset, int count, int min, int max)
    {
        if (count > max || count > _elements || _depth <= 0)
        {
            return -(int)DecodeStatus.LimitExceeded;
        }

        if (count < min)
        {
            return -(int)DecodeStatus.ConstraintViolated;
        }

        if (count > source.Length - offset)
        {
            return -(int)DecodeStatus.Truncated;
        }

        _elements -= count;
        return 0;
    }

    /// <summary>Reads the elements after the last field this schema knows, and keeps them raw.</summary>
    public int ReadUnknown(ReadOnlySpan<byte> source, int offset, int count, out UnknownFields? unknown)
    {
        unknown = null;
        if (count > _elements)
        {
            return Fail(-(int)DecodeStatus.LimitExceeded, offset);
        }

        _elements -= count;
        int at = offset;
        for (int left = count; left > 0; left--)
        {
            if (left == 1 && MessagePackReader.IsNil(source, at))
            {
                return Fail(-(int)DecodeStatus.NotCanonical, at);
            }

            int next = MessagePackReader.Skip(source, at, _depth, ref _elements);
            if (next < 0)
            {
                return Fail(next, at);
            }

            at = next;
        }

        int end = Keep(source, offset, at, out var raw);
        if (end >= 0)
        {
            unknown = new UnknownFields(count, raw!);
        }

        return end;
    }

    /// <summary>Reads one value of unknown shape, such as the arm of a union whose tag is not known, and keeps it raw.</summary>
    public int ReadRaw(ReadOnlySpan<byte> source, int offset, out byte[]? raw)
    {
        int end = MessagePackReader.Skip(source, offset, _depth, ref _elements);
        if (end < 0)
        {
            raw = null;
            return Fail(end, offset);
        }

        return Keep(source, offset, end, out raw);
    }

    private int Keep(ReadOnlySpan<byte> source, int start, int end, out byte[]? raw)
    {
        if (end - start > _unknownBytes)
        {
            raw = null;
            return Fail(-(int)DecodeStatus.LimitExceeded, start);
        }

        _unknownBytes -= end - start;
        raw = source[start..end].ToArray();
        return end;
    }
}
