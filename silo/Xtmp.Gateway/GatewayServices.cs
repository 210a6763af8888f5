using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>What every listener of a gateway shares.</summary>
public sealed class GatewayServices
{
    public required MethodTable Methods { get; init; }

    /// <summary>Where calls go: the engine.</summary>
    public required ICallInvoker Invoker { get; init; }

    public required ServerSessionOptions SessionOptions { get; init; }

    public required SessionClock Clock { get; init; }

    public required ILogger Logger { get; init; }

    public GatewayOptions Options { get; init; } = new();
}
