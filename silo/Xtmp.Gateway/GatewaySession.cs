using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>A session of this gateway, for its operator.</summary>
/// <param name="SessionId">Its id, as clients and the log know it.</param>
/// <param name="Streams">Streams open on it.</param>
/// <param name="Running">Calls of it that run now.</param>
/// <param name="Quality">Latency, throughput, loss and errors since it was established.</param>
public sealed record GatewaySession(ulong SessionId, int Streams, int Running, QualityReport Quality);
