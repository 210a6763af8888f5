namespace Xtmp.Protocol;

/// <summary>A constraint of the schema that a value does not meet.</summary>
/// <param name="Field">Dotted path of the field.</param>
/// <param name="Message">A sentence for a person, without the value when the field is secret.</param>
public readonly record struct ValidationError(string Field, string Message)
{
    public override string ToString() => $"{Field}: {Message}";
}
