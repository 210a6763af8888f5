using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Orleans.Metadata;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>The kinds of this silo, by name. Tells Orleans which grain type a class is.</summary>
internal sealed class GrainKinds : IGrainTypeProvider
{
    private readonly FrozenDictionary<string, GrainKind> _byName;
    private readonly FrozenDictionary<Type, GrainKind> _byClass;

    public GrainKinds(IEnumerable<GrainKind> kinds)
    {
        var all = kinds.ToArray();
        foreach (var name in all.GroupBy(kind => kind.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            throw new InvalidOperationException($"The kind {name.Key} is registered twice, by {string.Join(" and ", name.Select(kind => kind.Grain))}.");
        }

        _byName = all.ToFrozenDictionary(kind => kind.Name, StringComparer.Ordinal);
        _byClass = all.ToFrozenDictionary(kind => kind.Grain);
    }

    public bool TryGet(string name, [NotNullWhen(true)] out GrainKind? kind) => _byName.TryGetValue(name, out kind);

    public MethodDescriptor? FindMethod(string kind, string method) => _byName.TryGetValue(kind, out var found) ? found.Methods.GetValueOrDefault(method) : null;

    public bool TryGetGrainType(Type type, out GrainType grainType)
    {
        var found = _byClass.TryGetValue(type, out var kind);
        grainType = found ? kind!.Type : default;
        return found;
    }

    /// <exception cref="XtmpException">The kind is not served, or the key is malformed.</exception>
    public GrainKind Require(Storage.GrainId id)
    {
        if (!_byName.TryGetValue(id.Kind, out var kind))
        {
            throw new XtmpException(XtmpErrorCode.NotServed, Fault.Peer, $"This silo serves no '{id.Kind}'.");
        }

        return id.IsWellFormed
            ? kind
            : throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Peer, $"The key of a {id.Kind} is empty, too long, or holds characters that are not allowed.");
    }
}
