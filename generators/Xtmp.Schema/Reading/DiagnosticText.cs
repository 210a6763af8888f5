using System.Text;

namespace Xtmp.Schema.Reading;

/// <summary>Text of a schema file as it is repeated in a diagnostic: short, and on one line.</summary>
internal static class DiagnosticText
{
    private const int MaxLength = 60;

    public static string Excerpt(string text)
    {
        var excerpt = new StringBuilder();
        foreach (var c in text)
        {
            if (excerpt.Length == MaxLength)
            {
                return excerpt.Append('…').ToString();
            }
            excerpt.Append(char.IsControl(c) ? ' ' : c);
        }
        return excerpt.ToString();
    }
}
