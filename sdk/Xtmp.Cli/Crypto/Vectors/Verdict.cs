namespace Xtmp.Cli.Crypto;

/// <summary>What our code made of one test vector.</summary>
public enum Verdict
{
    /// <summary>Took the input and gave the expected output.</summary>
    Accepted,

    /// <summary>Refused the input.</summary>
    Rejected,

    /// <summary>Took the input and gave an output other than the expected one.</summary>
    Different,

    /// <summary>A parameter set we do not have.</summary>
    NotSupported,
}
