namespace Xtmp.Session;

/// <summary>What is remembered of this end's flight: TH(..server Finished), and when it was written.</summary>
internal sealed record ServerFlight(byte[] FinishedHash, TimeSpan SentAt);
