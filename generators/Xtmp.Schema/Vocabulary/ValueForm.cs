namespace Xtmp.Schema;

/// <summary>What may stand behind a key.</summary>
public enum ValueForm
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>One of a few words.</summary>
    Keyword,
    Boolean,
    Integer,

    /// <summary>An integer or a number with a fraction.</summary>
    Number,

    /// <summary>A boolean, number or text, as the field's type wants it.</summary>
    Scalar,

    /// <summary>A field type such as <c>list&lt;u32&gt;</c>.</summary>
    Type,

    /// <summary>A range of codes such as <c>0x10-0x1F</c>.</summary>
    CodeRange,

    /// <summary>A list of numbers, ranges of numbers and names.</summary>
    Reserved,

    /// <summary>A list of texts.</summary>
    TextList,

    /// <summary>A mapping with the keys of <see cref="ValueRule.Node"/>.</summary>
    Node,

    /// <summary>A list of such mappings.</summary>
    NodeList,

    /// <summary>A mapping from names to such mappings.</summary>
    NodeMap,
}
