namespace BitChat.Client;

/// <summary>A roll that was decided.</summary>
/// <param name="Number">From 0.</param>
/// <param name="First">One die.</param>
/// <param name="Second">The other.</param>
/// <param name="Height">Where it was decided.</param>
public sealed record GameRoll(ulong Number, int First, int Second, ulong Height);
