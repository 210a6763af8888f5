namespace Xtmp.Benchmarks;

/// <summary>The verbs there are, one line each.</summary>
internal static class BenchVerbs
{
    public static readonly BenchVerb[] All =
    [
        new("bitchat", "decisions of a table beside bare signatures, the simulator, a simulated radio, memory", BitChatBenches.RunAsync),
        new("codec", "encode and decode beside Google.Protobuf and System.Text.Json", CodecBenches.RunAsync),
        new("crypto", "ML-KEM, ML-DSA, curves, AEAD and hashes, single thread", CryptoBenches.RunAsync),
        new("engine", "turns of grains in memory and on SQLite, called inside the process", EngineBenches.RunAsync),
        new("postgres", "durable turns of grains on the PostgreSQL that XTMP_BENCH_POSTGRES names", EngineBenches.PostgresAsync),
        new("cluster", "calls to grains of another silo, inside a session and in the clear", ClusterBenches.RunAsync),
        new("generator", "what a schema of 1,000 messages costs a build", GeneratorBenches.RunAsync),
        new("handshake", "handshakes over loopback TCP, two processes, beside SslStream", HandshakeBenches.RunAsync),
        new("faults", "calls and messages of each transport through a proxy with faults, as a table", FaultsBenches.RunAsync),
        new("sessions", "memory of 10,000 idle sessions in one silo", SessionsBenches.RunAsync),
        new("streams", "one update to 100 subscribers, client and silo in processes of their own", StreamsBenches.RunAsync, NeedsServerGC: true),
        new("silo", "the grains of a silo through a socket, everything durable", SiloBenches.RunAsync, NeedsServerGC: true),
        new("udp", "secured datagrams and messages in them, and their loss", UdpBenches.RunAsync, NeedsServerGC: true),
        new("rpc", "requests to a grain beside gRPC, JSON over HTTPS and a bare SslStream", RpcBenches.RunAsync, NeedsServerGC: true),
    ];
}
