namespace Xtmp.Protocol;

/// <summary>The outcome of reading untrusted bytes. Anything but <see cref="Ok"/> comes with a <see cref="DecodeError"/>.</summary>
public enum DecodeStatus : byte
{
    Ok = 0,

    /// <summary>The input ends before the value does.</summary>
    Truncated = 1,

    /// <summary>A MessagePack type other than the field's.</summary>
    WrongType = 2,

    /// <summary>Not the shortest form, wrong order, or otherwise not the one canonical encoding.</summary>
    NotCanonical = 3,

    /// <summary>The number does not fit the field's type.</summary>
    OutOfRange = 4,

    /// <summary>A length, count or depth limit would be exceeded; checked before anything is allocated.</summary>
    LimitExceeded = 5,

    /// <summary>A string is not well-formed UTF-8.</summary>
    InvalidUtf8 = 6,

    /// <summary>A required field is absent.</summary>
    MissingField = 7,

    /// <summary>Well-formed, but a constraint of the schema is broken.</summary>
    ConstraintViolated = 8,

    /// <summary>Bytes follow the value that are not zero padding.</summary>
    TrailingBytes = 9,
}
