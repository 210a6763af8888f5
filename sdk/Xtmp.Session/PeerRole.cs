namespace Xtmp.Session;

/// <summary>Which end of a session.</summary>
public enum PeerRole : byte
{
    Client = 1,
    Server = 2,
}
