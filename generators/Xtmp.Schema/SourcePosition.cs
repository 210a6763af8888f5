namespace Xtmp.Schema;

/// <summary>A stretch of a schema file. Lines and columns count from 1; the end is exclusive.</summary>
public readonly record struct SourcePosition(string File, int Line, int Column, int EndLine, int EndColumn)
{
    public override string ToString() => FormattableString.Invariant($"{File}:{Line}:{Column}");
}
