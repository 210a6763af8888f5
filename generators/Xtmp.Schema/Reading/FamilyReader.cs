using System.Globalization;

namespace Xtmp.Schema.Reading;

/// <summary>Reads families of message codes.</summary>
internal static class FamilyReader
{
    public static void ReadAll(ReadingContext context, MappingReader file)
    {
        var declared = file["families"] is MappingNode { Entries.Count: var count } ? count : 0;
        foreach (var declaration in file.Declarations("families"))
        {
            var name = declaration.Key;
            context.Mark("families." + name.Text, name);
            if (MappingReader.Read(context, declaration.Value, SchemaVocabulary.Family, name) is not { } mapping || mapping.Scalar("codes") is not { } codes)
            {
                continue;
            }
            if (!ScalarText.TryRange(codes.Text, out var first, out var last))
            {
                context.Report(SchemaRules.WrongValue, codes, $"'codes' is a range such as 0xA0-0xAF, not '{DiagnosticText.Excerpt(codes.Text)}'.");
                continue;
            }
            if (first < 1 || last > 254 || first > last)
            {
                context.Report(SchemaRules.BadFamily, codes, "A family's codes go from a lower to a higher one, within 0x01-0xFE.");
                continue;
            }
            var other = context.Families.Values.FirstOrDefault(f => first <= f.Last && last >= f.First);
            if (other is not null)
            {
                context.Report(SchemaRules.BadFamily, codes, string.Format(CultureInfo.InvariantCulture, "The codes overlap with those of the family '{0}', 0x{1:X2}-0x{2:X2}.", other.Name, other.First, other.Last));
                continue;
            }
            var (reserved, _) = ReservedReader.Read(context, mapping, 254, namesAllowed: false);
            if (reserved.Where(r => r < first || r > last).Select(r => (ulong?)r).FirstOrDefault() is { } outside)
            {
                context.Report(SchemaRules.CodeOutsideFamily, mapping["reserved"]!, string.Format(CultureInfo.InvariantCulture, "The reserved code 0x{0:X2} lies outside the family.", outside));
            }
            context.Families.Add(name.Text, new(name.Text, mapping.Doc(), (byte)first, (byte)last) { ReservedCodes = new(reserved.Select(r => (byte)r)) });
        }
        context.FamiliesIncomplete = context.Families.Count != declared;
    }
}
