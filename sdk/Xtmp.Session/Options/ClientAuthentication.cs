namespace Xtmp.Session;

/// <summary>Whether a server wants its clients to prove an identity.</summary>
public enum ClientAuthentication : byte
{
    /// <summary>Not asked for; a client sends none.</summary>
    None = 0,

    /// <summary>A client that has an identity proves it.</summary>
    Optional = 1,

    /// <summary>No session without one.</summary>
    Required = 2,
}
