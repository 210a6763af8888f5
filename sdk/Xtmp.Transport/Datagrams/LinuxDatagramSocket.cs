using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Xtmp.Transport;

/// <summary>
/// recvmmsg and sendmmsg of Linux, and with it UDP_SEGMENT, by which the kernel takes a run of datagrams to one address as
/// one.
/// </summary>
internal sealed partial class LinuxDatagramSocket(IPEndPoint local) : DatagramSocket(local)
{
    // <sys/socket.h>, <errno.h> and <netinet/udp.h>, the same on every architecture that .NET has on Linux but for those left out below.
    private const int DoNotWait = 0x40;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    // Segments that every kernel with UDP_SEGMENT takes at once, and the bytes an IP packet can have.
    private const int MaxSegments = 64;
    private const int MaxSegmentedBytes = 65_000;

    private bool _segments = true;

    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    public override async ValueTask ReceiveAsync(DatagramBatch batch, CancellationToken cancellationToken)
    {
        while (!TryReceive(batch))
        {
            await WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask SendAsync(DatagramBatch batch)
    {
        for (var index = 0; index < batch.Count;)
        {
            index = Send(batch, index);
            if (index < batch.Count)
            {
                // No room: the framework waits for it.
                if (!await SendOneAsync(batch, index).ConfigureAwait(false))
                {
                    return;
                }

                index++;
            }
        }
    }

    /// <summary>False where there is nothing to receive now.</summary>
    private unsafe bool TryReceive(DatagramBatch batch)
    {
        var addresses = stackalloc byte[DatagramBatch.Capacity * SocketAddresses.MaxSize];
        var vectors = stackalloc IoVector[DatagramBatch.Capacity];
        var messages = stackalloc MultiMessage[DatagramBatch.Capacity];
        for (var index = 0; index < DatagramBatch.Capacity; index++)
        {
            vectors[index] = new() { Base = batch.PointerTo(index), Length = DatagramBatch.SlotBytes };
            messages[index] = new() { Header = new() { Name = addresses + (index * SocketAddresses.MaxSize), NameLength = SocketAddresses.MaxSize, Vectors = vectors + index, VectorCount = 1 } };
        }

        using var descriptor = new HeldDescriptor(Socket.SafeHandle);
        int count;
        do
        {
            count = ReceiveMessages(descriptor.Value, messages, DatagramBatch.Capacity, DoNotWait, null);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        for (var index = 0; index < count; index++)
        {
            batch.Add((int)messages[index].Length, SocketAddresses.Read(new(addresses + (index * SocketAddresses.MaxSize), SocketAddresses.MaxSize), Socket.AddressFamily));
        }

        return count > 0;
    }

    /// <summary>Sends from a datagram on; returns the first that there is no room for.</summary>
    private unsafe int Send(DatagramBatch batch, int start)
    {
        var addresses = stackalloc byte[DatagramBatch.Capacity * SocketAddresses.MaxSize];
        var vectors = stackalloc IoVector[DatagramBatch.Capacity];
        var messages = stackalloc MultiMessage[DatagramBatch.Capacity];
        var controls = stackalloc SegmentControl[DatagramBatch.Capacity];
        using var descriptor = new HeldDescriptor(Socket.SafeHandle);
        while (start < batch.Count)
        {
            var runs = 0;
            for (var index = start; index < batch.Count; runs++)
            {
                var run = RunLength(batch, index);
                var name = addresses + (runs * SocketAddresses.MaxSize);
                messages[runs] = new()
                {
                    Header = new()
                    {
                        Name = name,
                        NameLength = (uint)SocketAddresses.Write(new(name, SocketAddresses.MaxSize), batch.AddressOf(index), Socket.AddressFamily),
                        Vectors = vectors + index,
                        VectorCount = (nuint)run,
                    },
                };
                if (run > 1)
                {
                    controls[runs] = new() { Length = SegmentControl.Size, Level = UdpLevel, Type = UdpSegment, Bytes = (ushort)batch.LengthOf(index) };
                    messages[runs].Header.Control = controls + runs;
                    messages[runs].Header.ControlLength = (nuint)sizeof(SegmentControl);
                }

                for (var end = index + run; index < end; index++)
                {
                    vectors[index] = new() { Base = batch.PointerTo(index), Length = (nuint)batch.LengthOf(index) };
                }
            }

            var sent = SendMessages(descriptor.Value, messages, (uint)runs, DoNotWait);
            if (sent > 0)
            {
                for (var run = 0; run < sent; run++)
                {
                    start += (int)messages[run].Header.VectorCount;
                }
            }
            else if (Marshal.GetLastPInvokeError() == WouldBlock)
            {
                return start;
            }
            else if (messages[0].Header.VectorCount > 1)
            {
                // This kernel, or the device on the way, does not split: datagrams go one by one from here on.
                _segments = false;
            }
            else if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                // Refused: lost, as datagrams are.
                start++;
            }
        }

        return start;
    }

    /// <summary>How many datagrams from this one on the kernel can take as one: one address, one size, but for a shorter last.</summary>
    private int RunLength(DatagramBatch batch, int start)
    {
        var size = batch.LengthOf(start);
        var length = 1;
        while (_segments && start + length < batch.Count && length < MaxSegments && (length + 1) * size <= MaxSegmentedBytes
            && batch.AddressOf(start + length) == batch.AddressOf(start) && batch.LengthOf(start + length) <= size && batch.LengthOf(start + length - 1) == size)
        {
            length++;
        }

        return length;
    }

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static unsafe partial int ReceiveMessages(int descriptor, MultiMessage* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static unsafe partial int SendMessages(int descriptor, MultiMessage* messages, uint count, int flags);

    // The kernel writes to these.
#pragma warning disable CS0649
    /// <summary>struct iovec.</summary>
    private unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr of a 64-bit system.</summary>
    private unsafe struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct mmsghdr.</summary>
    private struct MultiMessage
    {
        public MessageHeader Header;
        public uint Length;
    }

#pragma warning restore CS0649

    /// <summary>struct cmsghdr with the u16 of UDP_SEGMENT, in the space it takes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    private struct SegmentControl
    {
        public const int Size = 18;
        public nuint Length;
        public int Level;
        public int Type;
        public ushort Bytes;
    }

    /// <summary>Keeps the descriptor from being closed, and taken by another file, while it is used.</summary>
    private readonly ref struct HeldDescriptor
    {
        private readonly SafeSocketHandle _handle;
        private readonly bool _held;

        public HeldDescriptor(SafeSocketHandle handle)
        {
            _handle = handle;
            handle.DangerousAddRef(ref _held);
            Value = (int)handle.DangerousGetHandle();
        }

        public int Value { get; }

        public void Dispose()
        {
            if (_held)
            {
                _handle.DangerousRelease();
            }
        }
    }
}
