namespace Xtmp.Session;

/// <summary>What became of a frame of a datagram.</summary>
internal enum DatagramStatus : byte
{
    /// <summary>It verified and is to be handled.</summary>
    Opened = 0,

    /// <summary>It is not for this session, a replay, or malformed.</summary>
    Dropped = 1,

    /// <summary>It names the right key and its tag is invalid.</summary>
    Forged = 2,
}
