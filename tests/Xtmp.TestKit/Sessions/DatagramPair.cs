using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>A session pair whose UDP halves meet over an emulated network; the streams are perfect and immediate.</summary>
public sealed class DatagramPair : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);
    private readonly byte[] _buffer = new byte[XtmpSession.MaxDatagramBytes];

    public DatagramPair(ulong seed, NetworkConditions conditions, ClientSessionOptions? client = null, ServerSessionOptions? server = null)
    {
        Network = new(seed, conditions);
        Pair = new(
            (client ?? PairOptions.Client) with { EnableDatagrams = true },
            (server ?? PairOptions.Server) with { EnableDatagrams = true, DatagramEndpoint = "server.test:7778" },
            seed);
        Pair.Run();
        Client.Session.OpenDatagrams(ServerAddress, Pair.Clock.Now);
    }

    public static PathAddress ServerAddress { get; } = new(1, 7778);

    /// <summary>Where the client's datagrams come from; a test moves it.</summary>
    public PathAddress ClientAddress { get; set; } = new(2, 40_000);

    public SessionPair Pair { get; }

    public NetworkEmulator Network { get; }

    public SessionEnd Client => Pair.Client;

    public SessionEnd Server => Pair.Server;

    /// <summary>Bytes of datagrams the server sent to each address.</summary>
    public Dictionary<PathAddress, long> ServerSent { get; } = [];

    /// <summary>Sees every datagram before it is sent.</summary>
    public Action<PathAddress, PathAddress, byte[]>? OnDatagram { get; set; }

    public void Advance(TimeSpan span)
    {
        for (var end = Pair.Clock.Now.Monotonic + span; Pair.Clock.Now.Monotonic < end;)
        {
            Pair.Clock.Advance(Step);
            Timeouts(Client);
            Timeouts(Server);
            Pair.Run();
            Send(Client, ClientAddress);
            Send(Server, ServerAddress);
            while (Network.TryReceive(Pair.Clock.Now.Monotonic, out var packet))
            {
                var to = packet.To == ServerAddress ? Server : packet.To == ClientAddress ? Client : null;
                to?.Session.HandleDatagram(packet.Bytes, packet.From, Pair.Clock.Now);
                to?.Drain();
            }

            Pair.Run();
        }
    }

    public void Dispose() => Pair.Dispose();

    private void Timeouts(SessionEnd end)
    {
        for (var turns = 0; end.Session.PollTimeout() is { } due && due <= Pair.Clock.Now.Monotonic; turns++)
        {
            end.Session.HandleTimeout(Pair.Clock.Now);
            end.Drain();
            if (turns > 100)
            {
                // Datagrams that wait for the rate are due until they are polled; anything else would spin.
                break;
            }
        }
    }

    private void Send(SessionEnd end, PathAddress from)
    {
        int length;
        while ((length = end.Session.PollDatagram(_buffer, out var to, Pair.Clock.Now)) > 0)
        {
            if (from == ServerAddress)
            {
                ServerSent[to] = ServerSent.GetValueOrDefault(to) + length;
            }

            OnDatagram?.Invoke(from, to, _buffer[..length]);
            Network.Send(from, to, _buffer.AsSpan(0, length), Pair.Clock.Now.Monotonic);
        }

        end.Drain();
    }
}
