using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>A failure inside the silo, for the log: a bug in a grain, a failing store, an outbox message nobody can read.</summary>
/// <param name="Grain">The grain it happened to, where one is known.</param>
/// <param name="Text">What was being done.</param>
/// <param name="Exception">The cause.</param>
public sealed record RuntimeFault(GrainId? Grain, string Text, Exception? Exception);
