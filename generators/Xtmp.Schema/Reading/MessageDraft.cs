namespace Xtmp.Schema.Reading;

/// <summary>A message as it stands in the file, before handlers tell which request a reply answers.</summary>
/// <param name="Name">Where it is declared.</param>
/// <param name="Model">What the file says of it.</param>
/// <param name="Intact">False when a field could not be read: then nothing is said of a field that seems to be missing.</param>
/// <param name="CompressAuto">The file does not forbid compression.</param>
/// <param name="Transport">Null where not said.</param>
/// <param name="Priority">Null where not said.</param>
internal sealed record MessageDraft(ScalarNode Name, MessageModel Model, bool Intact, bool CompressAuto, TransportKind? Transport, PriorityKind? Priority);
