namespace Xtmp.Schema.Reading;

/// <summary>A piece of YAML with its place.</summary>
internal abstract class Node(SourcePosition position)
{
    public SourcePosition Position { get; } = position;

    /// <summary>What it is, for a diagnostic.</summary>
    public abstract string Noun { get; }
}

internal sealed class ScalarNode(string text, bool plain, SourcePosition position) : Node(position)
{
    public string Text { get; } = text;

    /// <summary>False when the text stands in quotes or in a block, and so is never a number or boolean.</summary>
    public bool Plain { get; } = plain;

    public bool IsNull => Plain && Text is "" or "~" or "null";

    public override string Noun => IsNull ? "nothing" : "a single value";
}

internal sealed class MappingNode(IReadOnlyList<KeyValuePair<ScalarNode, Node>> entries, SourcePosition position) : Node(position)
{
    public IReadOnlyList<KeyValuePair<ScalarNode, Node>> Entries { get; } = entries;

    public override string Noun => "a mapping";
}

internal sealed class ListNode(IReadOnlyList<Node> items, SourcePosition position) : Node(position)
{
    public IReadOnlyList<Node> Items { get; } = items;

    public override string Noun => "a list";
}
