using System.Collections.Concurrent;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// The activations of this silo. A call that finds its grain here does not pass Orleans' messaging. An activation is
/// entered when Orleans has made it and taken out as soon as it is to go.
/// </summary>
internal sealed class LocalActivations
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private volatile bool _isEnding;

    /// <summary>The silo is about to stop: nobody may wait for a later turn here.</summary>
    public bool IsEnding => _isEnding;

    public Activation? Find(GrainId id) => _activations.GetValueOrDefault(id);

    public int Count => _activations.Count;

    /// <summary>How many of each kind.</summary>
    public IReadOnlyDictionary<string, int> CountByKind() => _activations.GroupBy(pair => pair.Key.Kind, StringComparer.Ordinal).ToDictionary(kind => kind.Key, kind => kind.Count(), StringComparer.Ordinal);

    public void Enter(Activation activation) => _activations[activation.Id] = activation;

    public void Leave(Activation activation) => _activations.TryRemove(new KeyValuePair<GrainId, Activation>(activation.Id, activation));

    /// <summary>
    /// The silo is about to stop. Orleans lets no grain go while somebody waits for its reply, so that those whose calls wait for a
    /// later turn leave first: their successors are asked again.
    /// </summary>
    public void EndWaits()
    {
        _isEnding = true;
        foreach (var activation in _activations.Values.Where(activation => activation.IsAwaited))
        {
            activation.Leave();
        }
    }

    /// <summary>Asks whatever runs to stop, where a drain is given up.</summary>
    public void CancelAll()
    {
        foreach (var (_, activation) in _activations)
        {
            activation.CancelRunning();
        }
    }
}
