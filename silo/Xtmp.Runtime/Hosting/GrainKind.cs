using System.Collections.Frozen;
using Orleans.Runtime;
using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>A handler group and the grain class that serves it.</summary>
internal sealed record GrainKind
{
    public GrainKind(Type grain, IReadOnlyList<MethodDescriptor> methods)
    {
        if (methods.Count == 0 || methods.Any(method => method.Handler != methods[0].Handler))
        {
            throw new ArgumentException("The methods are those of one handler, for example WalletMethods.All.", nameof(methods));
        }

        Name = methods[0].Handler;
        Grain = grain;
        Type = GrainType.Create(Name);
        Methods = methods.ToFrozenDictionary(method => method.Name, StringComparer.Ordinal);
    }

    public string Name { get; }

    public Type Grain { get; }

    public GrainType Type { get; }

    public FrozenDictionary<string, MethodDescriptor> Methods { get; }
}
