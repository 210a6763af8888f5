using System.Text;
using Xtmp.Schema;

namespace Xtmp.Fuzz;

/// <summary>The schema reader: it never throws, and a schema it accepts survives its canonical text.</summary>
internal static class YamlTarget
{
    public static void Run(ReadOnlySpan<byte> input)
    {
        var result = SchemaReader.Read("fuzz.yaml", Encoding.UTF8.GetString(input), _ => null);
        Find.Unless(result.Model is not null || result.Diagnostics.Count > 0, "A schema is accepted, or it is said why not.");
        if (result.Model is { } model)
        {
            var text = CanonicalText.OfEverything(model);
            Find.Unless(text == CanonicalText.OfEverything(CanonicalReader.Read(text)), "Canonical text is read back as it was written.");
        }
    }
}
