namespace Xtmp;

/// <summary>Who is at fault for an <see cref="XtmpException"/>.</summary>
public enum Fault : byte
{
    /// <summary>The other end sent something the protocol or its own state forbids, or refused the request.</summary>
    Peer = 1,

    /// <summary>This process used the API or its configuration wrongly.</summary>
    Local = 2,

    /// <summary>The way between the two: unreachable, reset, timed out.</summary>
    Network = 3,
}
