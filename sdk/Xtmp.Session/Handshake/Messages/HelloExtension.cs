namespace Xtmp.Session;

/// <summary>Extension numbers of ClientHello and Params; unknown ones are passed over.</summary>
internal static class HelloExtension
{
    /// <summary>The client's <see cref="AnnouncedLimits"/>.</summary>
    public const ulong Limits = 1;

    /// <summary>Empty: the sender can use datagrams.</summary>
    public const ulong Datagrams = 2;

    /// <summary>Empty, in Params: the server takes a trace context behind a request's message.</summary>
    public const ulong TraceContext = 3;

    /// <summary>The sender's <see cref="SchemaList"/>.</summary>
    public const ulong Schemas = 4;
}
