using System.Globalization;

namespace Xtmp.Schema.Reading;

/// <summary>
/// Checks that the names and numbers of one declaration's members differ, are not reserved, and stay apart in C#.
/// </summary>
internal sealed class MemberNames(ReadingContext context, string owner, IReadOnlyCollection<string> generated, IReadOnlyCollection<string> reservedNames, IReadOnlyCollection<ulong> reservedNumbers)
{
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _clrNames = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, string> _numbers = [];

    /// <summary>True when the name can stand; its C# name is PascalCase.</summary>
    public bool TryAddName(ScalarNode node, string clrName)
    {
        var name = node.Text;
        if (_names.TryGetValue(name, out var line))
        {
            context.Report(SchemaRules.DuplicateName, node, string.Format(CultureInfo.InvariantCulture, "{0} already has '{1}', in line {2}.", owner, name, line));
            return false;
        }
        _names.Add(name, node.Position.Line);
        if (reservedNames.Contains(name))
        {
            context.Report(SchemaRules.ReservedReuse, node, $"The name '{name}' is reserved in {owner}.");
            return false;
        }
        if (_clrNames.TryGetValue(clrName, out var other))
        {
            context.Report(SchemaRules.ClrNameCollision, node, $"'{name}' and '{other}' both become '{clrName}' in C#.");
            return false;
        }
        _clrNames.Add(clrName, name);
        // C# lets an enum member have its enum's name; a member of a class it does not.
        if (generated.Contains(clrName) || (clrName == owner && generated.Count > 0))
        {
            var why = clrName == owner ? "the type's own name" : "a member that every such type has";
            context.Report(SchemaRules.ReservedMember, node, $"'{name}' becomes '{clrName}' in C#, which is {why}; choose another name.");
            return false;
        }
        return true;
    }

    /// <summary>True when the number can stand.</summary>
    public bool TryAddNumber(ScalarNode node, ulong number, string noun, string name)
    {
        if (_numbers.TryGetValue(number, out var other))
        {
            context.Report(SchemaRules.DuplicateId, node, string.Format(CultureInfo.InvariantCulture, "The {0} {1} belongs to '{2}' already.", noun, number, other));
            return false;
        }
        _numbers.Add(number, name);
        if (reservedNumbers.Contains(number))
        {
            context.Report(SchemaRules.ReservedReuse, node, string.Format(CultureInfo.InvariantCulture, "The {0} {1} is reserved in {2}.", noun, number, owner));
            return false;
        }
        return true;
    }
}
