namespace Xtmp.Client;

/// <summary>What became of a call that was given to a session.</summary>
internal enum StartResult
{
    /// <summary>It has the call, or the call has failed.</summary>
    Sent,

    /// <summary>It takes no more at one time; its owner is told when it does.</summary>
    Full,

    /// <summary>It takes no more at all.</summary>
    Gone,
}
