using System.Collections.Frozen;

namespace Xtmp.Protocol;

/// <summary>
/// Methods by wire code: what a gateway serves. Built from the generated catalogues of one or more schemas; two
/// schemas of one name and two methods with one code are a mistake of the person who joined the schemas, and refused at once.
/// </summary>
public sealed class MethodTable
{
    private readonly MethodDescriptor?[] _byCode = new MethodDescriptor?[256];

    /// <exception cref="ArgumentException">Two schemas clash; both are named.</exception>
    public MethodTable(params IReadOnlyList<SchemaInfo> schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        if (schemas.GroupBy(schema => schema.Protocol, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } same)
        {
            throw new ArgumentException($"Two schemas are called '{same.Key}': {string.Join(" and ", same)}.", nameof(schemas));
        }

        var all = new List<MethodDescriptor>();
        var owners = new SchemaInfo?[_byCode.Length];
        foreach (var (schema, method) in schemas.SelectMany(schema => schema.Methods.Select(method => (schema, method))))
        {
            all.Add(method);
            if (method.Code == 0)
            {
                continue;
            }

            ref var slot = ref _byCode[method.Code];
            if (slot is not null)
            {
                throw new ArgumentException($"The code 0x{method.Code:X2} of {method} in '{schema.Protocol}' is that of {slot} in '{owners[method.Code]!.Protocol}': one silo cannot serve both.", nameof(schemas));
            }

            slot = method;
            owners[method.Code] = schema;
        }

        Methods = all.ToFrozenSet();
    }

    public IReadOnlySet<MethodDescriptor> Methods { get; }

    /// <summary>The method a request with this code calls, or null.</summary>
    public MethodDescriptor? Find(byte code) => _byCode[code];
}
