namespace Cluster;

/// <summary>Something that a person has to do before the example can run; the message says what.</summary>
internal sealed class ClusterException(string message) : Exception(message);
