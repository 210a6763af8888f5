using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>The schema of XTMP's own messages, which lies in this program.</summary>
internal static class BuiltInSchema
{
    public static SchemaModel Read()
    {
        using StreamReader text = new(typeof(BuiltInSchema).Assembly.GetManifestResourceStream("schema/xtmp.yaml")!);
        return SchemaReader.Read("xtmp.yaml", text.ReadToEnd(), _ => null).Model!;
    }
}
