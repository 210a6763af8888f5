using Grpc.Core;
using Xtmp.Benchmarks.Grpc;

namespace Xtmp.Benchmarks;

/// <summary>The gRPC peer's service.</summary>
internal sealed class GrpcEcho : EchoService.EchoServiceBase
{
    public override Task<EchoResponse> Call(EchoRequest request, ServerCallContext context) => Task.FromResult(new EchoResponse { Body = request.Body });
}
