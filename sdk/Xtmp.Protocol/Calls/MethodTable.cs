using System.Collections.Frozen;

namespace Xtmp.Protocol;

/// <summary>
/// Methods by wire code: what a gateway serves. Built from the generated catalogues of one or more schemas; two methods
/// with one code are a mistake of the person who joined the schemas and are refused at once.
/// </summary>
public sealed class MethodTable
{
    private readonly MethodDescriptor?[] _byCode = new MethodDescriptor?[256];

    public MethodTable(params IEnumerable<MethodDescriptor> methods)
    {
        var all = new List<MethodDescriptor>();
        foreach (var method in methods)
        {
            all.Add(method);
            if (method.Code == 0)
            {
                continue;
            }

            ref var slot = ref _byCode[method.Code];
            if (slot is not null)
            {
                throw new ArgumentException($"Code 0x{method.Code:X2} is claimed by both {slot} and {method}.", nameof(methods));
            }

            slot = method;
        }

        Methods = all.ToFrozenSet();
    }

    public IReadOnlySet<MethodDescriptor> Methods { get; }

    /// <summary>The method a request with this code calls, or null.</summary>
    public MethodDescriptor? Find(byte code) => _byCode[code];
}
