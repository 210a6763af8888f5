using System.Text;

namespace Xtmp.Schema.Reading;

/// <summary>Text of a schema file as it is repeated in a diagnostic: short, and on one line.</summary>
internal static class Shown
{
    private const int Longest = 60;

    public static string Of(string text)
    {
        var shown = new StringBuilder();
        foreach (var c in text)
        {
            if (shown.Length == Longest)
            {
                return shown.Append('…').ToString();
            }
            shown.Append(char.IsControl(c) ? ' ' : c);
        }
        return shown.ToString();
    }
}
