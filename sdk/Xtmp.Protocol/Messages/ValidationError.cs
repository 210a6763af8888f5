namespace Xtmp.Protocol;

/// <summary>A constraint of the schema that a value does not meet.</summary>
/// <param name="Field">Dotted path of the field.</param>
/// <param name="Message">A sentence for a person, without the value when the field is secret.</param>
public readonly record struct ValidationError(string Field, string Message)
{
    /// <summary>The same error seen from the struct around: <paramref name="field"/> goes in front of the path.</summary>
    public ValidationError Within(string field) => this with { Field = Field.StartsWith('[') ? field + Field : $"{field}.{Field}" };

    public override string ToString() => $"{Field}: {Message}";
}
