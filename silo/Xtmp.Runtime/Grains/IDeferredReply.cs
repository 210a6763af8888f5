using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>A reply that a later turn of the grain gives (<see cref="IXtmpGrainContext.DeferReply{TReply}"/>).</summary>
public interface IDeferredReply<in TReply>
    where TReply : class, IXtmpMessage
{
    /// <summary>The caller has given up, or the reply was given.</summary>
    bool IsOver { get; }

    /// <summary>Answers, once the running turn is committed. Does nothing where it is over.</summary>
    void Complete(TReply reply);
}
