using System.Collections.Frozen;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// The grain kinds of a silo: which methods each serves and how one is made. The same registry feeds every engine.
/// </summary>
public sealed class GrainRegistry
{
    private readonly Dictionary<string, GrainKind> _kinds = new(StringComparer.Ordinal);
    private FrozenDictionary<string, GrainKind>? _frozen;

    /// <summary>Registers a kind.</summary>
    /// <param name="kind">The schema's handler group.</param>
    /// <param name="methods">Its methods, for example <c>WalletMethods.All</c>.</param>
    /// <param name="create">Makes the grain. Called at each activation, in its first turn.</param>
    /// <param name="idleTimeout">How long an activation stays without calls; null takes the engine's.</param>
    /// <exception cref="ArgumentException">The kind is taken, or a method belongs to another.</exception>
    public GrainRegistry Register(string kind, IEnumerable<MethodDescriptor> methods, Func<IGrainContext, Grain> create, TimeSpan? idleTimeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(kind);
        ArgumentNullException.ThrowIfNull(methods);
        ArgumentNullException.ThrowIfNull(create);
        if (_frozen is not null)
        {
            throw new InvalidOperationException("An engine already uses this registry; register every kind before the engine is made.");
        }

        if (kind.Length > GrainId.MaxKindLength)
        {
            throw new ArgumentException($"A kind has at most {GrainId.MaxKindLength} characters.", nameof(kind));
        }

        var byName = new Dictionary<string, MethodDescriptor>(StringComparer.Ordinal);
        foreach (var method in methods)
        {
            if (method.Handler != kind)
            {
                throw new ArgumentException($"Method {method} does not belong to kind {kind}.", nameof(methods));
            }

            byName.Add(method.Name, method);
        }

        if (!_kinds.TryAdd(kind, new GrainKind(kind, byName.ToFrozenDictionary(StringComparer.Ordinal), create, idleTimeout)))
        {
            throw new ArgumentException($"Kind {kind} is registered twice.", nameof(kind));
        }

        return this;
    }

    /// <summary>The kinds, fixed from the first use on.</summary>
    public IReadOnlyDictionary<string, GrainKind> Kinds => _frozen ??= _kinds.ToFrozenDictionary(StringComparer.Ordinal);
}

/// <summary>One registered kind.</summary>
/// <param name="Name">The schema's handler group.</param>
/// <param name="Methods">By method name.</param>
/// <param name="Create">Makes a grain.</param>
/// <param name="IdleTimeout">How long an activation stays without calls; null takes the engine's.</param>
public sealed record GrainKind(string Name, IReadOnlyDictionary<string, MethodDescriptor> Methods, Func<IGrainContext, Grain> Create, TimeSpan? IdleTimeout);
