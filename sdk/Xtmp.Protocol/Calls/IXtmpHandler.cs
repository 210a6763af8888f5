namespace Xtmp.Protocol;

/// <summary>What every generated handler interface says of itself, so that a class that implements one is known by it.</summary>
public interface IXtmpHandler
{
    /// <summary>The methods of the interface, by name.</summary>
    static abstract IReadOnlyList<MethodDescriptor> Methods { get; }
}
