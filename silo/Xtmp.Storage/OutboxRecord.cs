namespace Xtmp.Storage;

/// <summary>Identifies an outbox message for ever: the grain, the version its commit made, and the place within it.</summary>
public readonly record struct OutboxId(GrainId Source, long Version, int Ordinal)
{
    public override string ToString() => $"{Source}#{Version}.{Ordinal}";
}

/// <summary>A message on its way from one grain to another.</summary>
/// <param name="Id">Who sent it, and when.</param>
/// <param name="Target">The receiving grain; its kind names the handler.</param>
/// <param name="Method">The method's name within the kind.</param>
/// <param name="Payload">The encoded request.</param>
/// <param name="Notify">True where the sender is told of the delivery, which then takes the message out of the outbox.</param>
public sealed record OutboxRecord(OutboxId Id, GrainId Target, string Method, ReadOnlyMemory<byte> Payload, bool Notify = false);
