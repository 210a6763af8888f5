namespace Xtmp.Schema.Reading;

/// <summary>The words of <c>compress</c>.</summary>
internal enum CompressKind
{
    Auto,
    Never,
}
