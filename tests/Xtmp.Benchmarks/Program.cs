using Xtmp.Benchmarks;

if (args is [HandshakeServer.Verb])
{
    return await HandshakeServer.RunAsync();
}

return await BenchProgram.RunAsync(args);
