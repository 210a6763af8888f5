namespace Xtmp.Cli.Tests.Schema;

/// <summary>The schemas that are shipped.</summary>
internal static class ShippedSchemas
{
    public static string[] Names { get; } = ["schema/xtmp.yaml", "schema/bitchat.yaml"];

    public static string[] Paths { get; } = [.. Names.Select(Repository.Path)];
}
