namespace Xtmp.Schema.Reading;

/// <summary>The types that may be named in a file, and the C# names that are taken.</summary>
internal sealed class SymbolTable
{
    private readonly Dictionary<string, Symbol> _types = new(StringComparer.Ordinal);

    /// <summary>C# names in the file's namespace, with what took them. Files of names that differ in case alone would be one.</summary>
    private readonly Dictionary<string, (string Name, string What)> _taken = new(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<Symbol> Types => _types.Values;

    public Symbol? Find(string name) => _types.TryGetValue(name, out var symbol) ? symbol : null;

    /// <summary>Adds a type; false, with what it collides with, when the name is taken.</summary>
    public bool TryAdd(Symbol symbol, string what, out string takenBy)
    {
        if (!TryTake(symbol.Type.Name, what, out takenBy))
        {
            return false;
        }
        _types.Add(symbol.Type.Name, symbol);
        return true;
    }

    /// <summary>Takes a C# name for something that is no type of the schema.</summary>
    public bool TryTake(string clrName, string what, out string takenBy)
    {
        if (_taken.TryGetValue(clrName, out var taken))
        {
            takenBy = taken.Name == clrName ? taken.What : $"{taken.What}, but for its case ('{taken.Name}')";
            return false;
        }
        takenBy = "";
        _taken.Add(clrName, (clrName, what));
        return true;
    }

    /// <summary>Adds an imported type. The same type may come by several ways.</summary>
    public bool TryImport(Symbol symbol, out string takenBy)
    {
        if (_types.TryGetValue(symbol.Type.Name, out var known) && known.Origin == symbol.Origin)
        {
            takenBy = "";
            return true;
        }
        return TryAdd(symbol, $"a type of {symbol.Origin}", out takenBy);
    }
}
