namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Which of the values a type allows.</summary>
public enum VectorVariant
{
    /// <summary>The least the limits allow; what is optional is absent.</summary>
    Min,

    /// <summary>Values as they come, everything present.</summary>
    Typical,

    /// <summary>The greatest the limits allow, within what a vector file can hold.</summary>
    Max,
}
