using Xtmp.Benchmarks;

if (args is [HandshakeServer.Verb])
{
    return await HandshakeServer.RunAsync();
}

if (args is [RpcServer.Verb])
{
    return await RpcServer.RunAsync();
}

if (args is [UdpServer.Verb])
{
    return await UdpServer.RunAsync();
}

if (args is [SiloServer.Verb])
{
    return await SiloServer.RunAsync();
}

if (args is [IdleServer.Verb])
{
    return await IdleServer.RunAsync();
}

if (args is [FaultsServer.Verb, var datagramEndpoint])
{
    return await FaultsServer.RunAsync(datagramEndpoint);
}

return await BenchProgram.RunAsync(args);
