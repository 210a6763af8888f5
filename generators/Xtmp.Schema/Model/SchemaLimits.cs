namespace Xtmp.Schema;

/// <summary>
/// Limits that hold where a schema states none, sized for data from untrusted peers, and the bounds of the language.
/// </summary>
public static class SchemaLimits
{
    /// <summary>UTF-8 bytes of a string without <c>max</c>.</summary>
    public const int DefaultStringBytes = 1024;

    /// <summary>Bytes of a <c>bytes</c> without <c>max</c>.</summary>
    public const int DefaultBytes = 65_536;

    /// <summary>Elements of a list or entries of a map without <c>max</c>.</summary>
    public const int DefaultCount = 1024;

    /// <summary>Greatest <c>max</c> of a string or bytes: 16 MiB, the default bound of a whole message.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    /// <summary>Greatest <c>max</c> of a list or map.</summary>
    public const int MaxCount = 65_536;

    /// <summary>First message code of applications.</summary>
    public const byte FirstApplicationCode = 0xA0;

    /// <summary>Last message code of applications: 80 in all for the schemas of one silo.</summary>
    public const byte LastApplicationCode = 0xEF;

    /// <summary>Greatest message code.</summary>
    public const int MaxCode = 254;

    /// <summary>First code of an error that a schema declares; those below are XTMP's own. The last is 65535.</summary>
    public const int FirstErrorCode = 1000;

    /// <summary>Longest encoding of an error, in bytes: it travels inside an Error message.</summary>
    public const int MaxErrorBytes = 4096;

    /// <summary>Code of the Error message that every error travels in.</summary>
    public const byte ErrorMessageCode = 0xFE;

    /// <summary>Greatest field id.</summary>
    public const int MaxFieldId = 255;

    /// <summary>Greatest union tag.</summary>
    public const int MaxTag = 65_535;

    /// <summary>0001-01-01T00:00:00Z in µs since the Unix epoch.</summary>
    public const long EarliestTimestamp = -62_135_596_800_000_000;

    /// <summary>The last microsecond of the year 9999.</summary>
    public const long LatestTimestamp = 253_402_300_799_999_999;

    /// <summary>Greatest duration in µs, either way: what a TimeSpan of 100 ns ticks holds.</summary>
    public const long LongestDuration = 922_337_203_685_477_580;
}
