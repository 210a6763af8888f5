using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Xtmp.Cli;

/// <summary>Options whose errors speak of what the user wrote, not of the types that hold it.</summary>
internal static class Arguments
{
    /// <summary>One of the words of an enum, in any case.</summary>
    public static Option<T> OneOf<T>(string name, string description, T fallback)
        where T : struct, Enum => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => fallback,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } found)
                {
                    return Enum.Parse<T>(found);
                }

                result.AddError($"{name} takes one of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}; '{PlainText.Of(text)}' is none of them.");
                return default;
            },
        };

    /// <summary>A whole number within bounds.</summary>
    public static Option<int> Whole(string name, string description, int fallback, int min, int max) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => Number(result, name, min, max),
    };

    /// <summary>What every verb with something to show has.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print JSON, an object a line." };

    private static int Number(ArgumentResult result, string name, int min, int max)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max)
        {
            return value;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes a whole number from {min} to {max}; '{PlainText.Of(text)}' is none."));
        return 0;
    }
}
