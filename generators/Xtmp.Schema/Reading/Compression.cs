namespace Xtmp.Schema.Reading;

/// <summary>
/// Decides which messages may be compressed: compression beside secrets, or beside what an attacker can choose in a
/// wallet's session, leaks them by length.
/// </summary>
internal static class Compression
{
    public static SchemaModel Decide(SchemaModel model, IReadOnlyList<MessageDraft> drafts)
    {
        var graph = TypeGraph.Of(model);
        var allowed = drafts.ToDictionary(d => d.Model.Name, d => d.CompressAuto, StringComparer.Ordinal);
        return model with
        {
            Messages = new(model.Messages.Select(m => m with
            {
                Compressible = allowed[m.Name] && m.Code != 0 && m.Authentication != AuthenticationKind.Wallet && !HoldsSecret(graph, m.Name),
            })),
        };
    }

    private static bool HoldsSecret(TypeGraph graph, string message) => graph.Closure([message]).Any(name => graph.All[name] switch
    {
        StructModel s => s.Fields.Any(f => f.Secret),
        MessageModel m => m.Shape.Fields.Any(f => f.Secret),
        _ => false,
    });
}
