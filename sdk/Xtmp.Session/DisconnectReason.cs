namespace Xtmp.Session;

/// <summary>The reason a Disconnect message carries. Values from 64 up are an application's own.</summary>
public enum DisconnectReason : byte
{
    Normal = 0,
    ShuttingDown = 1,
    IdleTimeout = 2,
    SlowConsumer = 3,

    /// <summary>An identity or certificate this session rests on was withdrawn, or has expired.</summary>
    Revoked = 4,
    Moved = 5,
}
