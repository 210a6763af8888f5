using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Evidence that this peer holds.</summary>
/// <param name="Suspect">Whom it is about, 32 bytes.</param>
/// <param name="Kind">Of what.</param>
/// <param name="Severity">From 0, a hint, to 1, proof.</param>
/// <param name="Evidence">What it rests on.</param>
/// <param name="At">When it came.</param>
public sealed record HeldEvidence(ReadOnlyMemory<byte> Suspect, CheatKind Kind, double Severity, Evidence Evidence, TimeSpan At);
