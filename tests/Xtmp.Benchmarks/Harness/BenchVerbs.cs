namespace Xtmp.Benchmarks;

/// <summary>The verbs there are, one line each.</summary>
internal static class BenchVerbs
{
    public static readonly BenchVerb[] All =
    [
        new("codec", "encode and decode beside Google.Protobuf and System.Text.Json", CodecBenches.RunAsync),
        new("crypto", "ML-KEM, ML-DSA, curves, AEAD and hashes, single thread", CryptoBenches.RunAsync),
        new("engine", "turns of grains in memory and on SQLite, called inside the process", EngineBenches.RunAsync),
        new("generator", "what a schema of 1,000 messages costs a build", GeneratorBenches.RunAsync),
        new("handshake", "handshakes over loopback TCP, two processes, beside SslStream", HandshakeBenches.RunAsync),
    ];
}
