using System.Net;
using System.Security.Cryptography;
using Xtmp.Session;

namespace Xtmp.Transport.Tests;

/// <summary>Both ways to move datagrams, held to the same.</summary>
public sealed class DatagramSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static TheoryData<bool, string> Ways() => new()
    {
        { false, "127.0.0.1" },
        { true, "127.0.0.1" },
        { false, "::1" },
        { true, "::1" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task datagrams_arrive_whole_with_their_sender(bool batched, string host)
    {
        using var a = Bind(batched, host);
        using var b = Bind(batched, host);
        var sent = new List<byte[]>();
        var batch = DatagramBatch.Rent();
        foreach (var size in Enumerable.Repeat(1200, 20).Concat([7, 300, 300, 300, 5, 1200, 1, 1199]))
        {
            var bytes = RandomNumberGenerator.GetBytes(size);
            bytes.CopyTo(batch.Free);
            batch.Add(size, AddressOf(b));
            sent.Add(bytes);
        }

        await a.SendAsync(batch);
        var received = await ReceiveAsync(b, sent.Count);
        Assert.Equal(sent, received.Select(datagram => datagram.Bytes));
        Assert.All(received, datagram => Assert.Equal(AddressOf(a), datagram.From));
        batch.Return();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task one_batch_goes_to_several_addresses(bool batched, string host)
    {
        using var a = Bind(batched, host);
        using var b = Bind(batched, host);
        using var c = Bind(batched, host);
        var batch = DatagramBatch.Rent();
        for (byte index = 0; index < 10; index++)
        {
            batch.Free[0] = index;
            batch.Add(1, AddressOf(index % 3 == 0 ? b : c));
        }

        await a.SendAsync(batch);
        Assert.Equal([0, 3, 6, 9], (await ReceiveAsync(b, 4)).Select(datagram => datagram.Bytes[0]));
        Assert.Equal([1, 2, 4, 5, 7, 8], (await ReceiveAsync(c, 6)).Select(datagram => datagram.Bytes[0]));
        batch.Return();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task a_datagram_to_nobody_stops_nothing(bool batched, string host)
    {
        using var a = Bind(batched, host);
        using var b = Bind(batched, host);
        var gone = Bind(batched, host);
        var nobody = AddressOf(gone);
        gone.Dispose();
        var batch = DatagramBatch.Rent();
        foreach (var to in new[] { nobody, AddressOf(b), nobody, AddressOf(b) })
        {
            batch.Free[0] = (byte)batch.Count;
            batch.Add(1, to);
        }

        await a.SendAsync(batch);
        Assert.Equal([1, 3], (await ReceiveAsync(b, 2)).Select(datagram => datagram.Bytes[0]));
        batch.Return();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task disposing_ends_the_wait(bool batched, string host)
    {
        var socket = Bind(batched, host);
        var receiving = Task.Run(async () =>
        {
            while (true)
            {
                await socket.ReceiveAsync(DatagramBatch.Rent(), CancellationToken.None);
            }
        });
        socket.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => receiving.WaitAsync(Patience));
    }

    private static DatagramSocket Bind(bool batched, string host) => DatagramSocket.Bind(new IPEndPoint(IPAddress.Parse(host), 0), batched);

    private static PathAddress AddressOf(DatagramSocket socket) => PathAddress.From(socket.LocalEndPoint.Address, socket.LocalEndPoint.Port);

    private static async Task<List<(byte[] Bytes, PathAddress From)>> ReceiveAsync(DatagramSocket socket, int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var received = new List<(byte[], PathAddress)>();
        var batch = DatagramBatch.Rent();
        while (received.Count < count)
        {
            batch.Clear();
            await socket.ReceiveAsync(batch, patience.Token);
            for (var index = 0; index < batch.Count; index++)
            {
                received.Add((batch[index].ToArray(), batch.AddressOf(index)));
            }
        }

        batch.Return();
        return received;
    }
}
