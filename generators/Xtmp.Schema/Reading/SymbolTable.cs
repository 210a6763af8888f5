namespace Xtmp.Schema.Reading;

/// <summary>The types that may be named in a file, and the C# names that are taken.</summary>
internal sealed class SymbolTable
{
    private readonly Dictionary<string, Symbol> _types = new(StringComparer.Ordinal);

    /// <summary>C# names in the file's namespace, with what took them.</summary>
    private readonly Dictionary<string, string> _taken = new(StringComparer.Ordinal);

    public IEnumerable<Symbol> Types => _types.Values;

    public Symbol? Find(string name) => _types.TryGetValue(name, out var symbol) ? symbol : null;

    /// <summary>Adds a type; false, with what it collides with, when the name is taken.</summary>
    public bool TryAdd(Symbol symbol, string what, out string takenBy)
    {
        if (_taken.TryGetValue(symbol.Type.Name, out takenBy!))
        {
            return false;
        }
        _taken.Add(symbol.Type.Name, what);
        _types.Add(symbol.Type.Name, symbol);
        return true;
    }

    /// <summary>Takes a C# name for something that is no type of the schema.</summary>
    public bool TryTake(string clrName, string what, out string takenBy)
    {
        if (_taken.TryGetValue(clrName, out takenBy!))
        {
            return false;
        }
        _taken.Add(clrName, what);
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
