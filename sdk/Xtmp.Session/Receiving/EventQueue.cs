using System.Buffers;

namespace Xtmp.Session;

/// <summary>Events waiting for PollEvent, in order; its memory is given back when it is drained.</summary>
internal sealed class EventQueue : IDisposable
{
    private const int FirstSize = 16;
    private SessionEvent[] _items = [];
    private int _head;
    private int _tail;

    /// <summary>A new event at the end, to be filled in at once.</summary>
    public ref SessionEvent Add()
    {
        if (_tail == _items.Length)
        {
            Grow();
        }

        ref var item = ref _items[_tail++];
        item = default;
        return ref item;
    }

    public bool TryTake(out SessionEvent item)
    {
        if (_head == _tail)
        {
            item = default;
            return false;
        }

        ref var first = ref _items[_head++];
        item = first;
        first.Payload = default;
        first.Detail = null;
        return true;
    }

    /// <summary>Gives the memory back; the queue must be empty.</summary>
    public void Reset()
    {
        if (_items.Length > 0)
        {
            // Taken items were cleared one by one; nothing in the array refers to anything any more.
            ArrayPool<SessionEvent>.Shared.Return(_items);
            _items = [];
        }

        _head = 0;
        _tail = 0;
    }

    public void Dispose()
    {
        Array.Clear(_items);
        Reset();
    }

    private void Grow()
    {
        var larger = ArrayPool<SessionEvent>.Shared.Rent(Math.Max(FirstSize, 2 * _items.Length));
        Array.Copy(_items, _head, larger, 0, _tail - _head);
        if (_items.Length > 0)
        {
            ArrayPool<SessionEvent>.Shared.Return(_items, clearArray: true);
        }

        _items = larger;
        _tail -= _head;
        _head = 0;
    }
}
