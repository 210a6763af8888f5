namespace Xtmp.Protocol;

/// <summary>A generated message: a struct with an entry in the catalogue.</summary>
public interface IXtmpMessage : IXtmpStruct
{
    /// <summary>Its catalogue entry.</summary>
    MessageInfo Info { get; }
}

/// <summary>A generated message whose type is known.</summary>
public interface IXtmpMessage<TSelf> : IXtmpMessage, IXtmpStruct<TSelf>
    where TSelf : class, IXtmpMessage<TSelf>
{
    /// <summary>Its catalogue entry, without an instance.</summary>
    static abstract MessageInfo MessageInfo { get; }
}
