namespace Xtmp.Session;

/// <summary>The message a handshake waits for.</summary>
internal enum HandshakeStep : byte
{
    Hello = 0,
    Params = 1,
    Identity = 2,
    Auth = 3,
    Finished = 4,
    Done = 5,

    /// <summary>A server whose client may, but need not, prove an identity.</summary>
    IdentityOrFinished = 6,
}
