using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>One session of a connection and its quality, as this end sees it.</summary>
/// <param name="Endpoint">Where it leads.</param>
/// <param name="Established">What the handshake settled.</param>
/// <param name="Quality">Latency, throughput, loss and errors since it was opened.</param>
public sealed record SessionReport(XtmpEndpoint Endpoint, EstablishedSession Established, QualityReport Quality);
