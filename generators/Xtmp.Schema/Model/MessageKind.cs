namespace Xtmp.Schema;

/// <summary>How a message travels.</summary>
public enum MessageKind
{
    Request,

    /// <summary>Answers a request and carries its code.</summary>
    Response,

    /// <summary>A stream's item; carries the code of the request that opened the stream.</summary>
    Item,
    OneWay,

    /// <summary>A request that never leaves the silo; has no code.</summary>
    Local,

    /// <summary>Frame kind 6.</summary>
    Error,
}
