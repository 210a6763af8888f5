using System.Text;

namespace Xtmp.Schema.Tests;

/// <summary>Schemas that go beyond the reader's bounds.</summary>
internal static class LimitCases
{
    public static IEnumerable<DiagnosticCase> All() =>
    [
        new("too many characters", "XTMP004", "§# " + new string('x', 4 * 1024 * 1024)) { NoHeader = true },
    ];

    /// <summary>A schema in which every field has a mistake of its own.</summary>
    public static string ManyMistakes(int count)
    {
        var text = new StringBuilder("protocol: test\nnamespace: Test\nversion: 1\nstructs:\n  A:\n    fields:\n");
        for (var i = 0; i < count; i++)
        {
            text.Append("      - { id: ").Append(i).Append(", name: f").Append(i).Append(", type: Nothing").Append(i).Append(" }\n");
        }
        return text.ToString();
    }
}
