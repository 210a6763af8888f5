namespace Xtmp.Schema.Reading;

/// <summary>
/// Collects diagnostics and keeps them few: at most one a place, and none after <see cref="Max"/>.
/// </summary>
internal sealed class DiagnosticBag
{
    public const int Max = 50;

    private readonly List<SchemaDiagnostic> _items = [];
    private readonly HashSet<(string, int, int)> _places = [];

    public bool HasErrors { get; private set; }

    public void Add(SchemaRule rule, SourcePosition position, string message, string? suggestion = null)
    {
        HasErrors |= rule.Severity == SchemaSeverity.Error;
        if (_items.Count > Max || !_places.Add((position.File, position.Line, position.Column)))
        {
            return;
        }
        if (_items.Count == Max)
        {
            rule = SchemaRules.TooManyErrors;
            message = FormattableString.Invariant($"There are more than {Max} errors; the rest is not shown.");
            suggestion = null;
            HasErrors = true;
        }
        _items.Add(new(rule.Id, rule.Severity, message, position, suggestion));
    }

    public IReadOnlyList<SchemaDiagnostic> ToSortedList() =>
        _items.OrderBy(d => d.Line).ThenBy(d => d.Column).ToList();
}
