namespace Xtmp.Session;

/// <summary>
/// Params 0x06: [client authentication, limits, schema fingerprint or nil, UDP endpoint or nil, extensions {number: bytes}].
/// </summary>
internal ref struct ServerParams
{
    public const int MaxLength = 1024 + SchemaList.MaxBytes;

    public ClientAuthentication ClientAuthentication;
    public AnnouncedLimits Limits;
    public ReadOnlySpan<byte> SchemaFingerprint;
    public string? DatagramEndpoint;
    public bool AllowsDatagrams;
    public bool TakesTraceContext;

    /// <summary>A <see cref="SchemaList"/>, or empty.</summary>
    public ReadOnlySpan<byte> Schemas;

    public static bool TryRead(ReadOnlySpan<byte> payload, out ServerParams parameters)
    {
        parameters = default;
        var reader = new WireReader(payload);
        reader.Array(5);
        parameters.ClientAuthentication = (ClientAuthentication)reader.Unsigned((ulong)ClientAuthentication.Required);
        parameters.Limits = AnnouncedLimits.Read(ref reader);
        parameters.SchemaFingerprint = reader.IsNil() ? default : reader.Bytes(HandshakeLimits.SchemaFingerprintSize);
        parameters.DatagramEndpoint = reader.TextOrNil(HandshakeLimits.MaxEndpointBytes);
        var count = reader.Map(HandshakeLimits.MaxExtensions);
        var previous = -1L;
        for (var i = 0; i < count && !reader.Failed; i++)
        {
            var number = (long)reader.Unsigned(ushort.MaxValue);
            reader.Require(number > previous);
            previous = number;
            var value = reader.BytesUpTo(HandshakeLimits.MaxExtensionBytes);
            switch ((ulong)number)
            {
                case HelloExtension.Datagrams:
                    reader.Require(value.IsEmpty);
                    parameters.AllowsDatagrams = true;
                    break;
                case HelloExtension.Schemas:
                    reader.Require(SchemaList.IsValid(value));
                    parameters.Schemas = value;
                    break;
                case HelloExtension.TraceContext:
                    reader.Require(value.IsEmpty);
                    parameters.TakesTraceContext = true;
                    break;
            }
        }

        return reader.IsComplete;
    }

    public readonly int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Array(5);
        writer.Unsigned((ulong)ClientAuthentication);
        Limits.Write(ref writer);
        writer.BytesOrNil(SchemaFingerprint);
        writer.TextOrNil(DatagramEndpoint);
        writer.Map((AllowsDatagrams ? 1 : 0) + (TakesTraceContext ? 1 : 0) + (Schemas.IsEmpty ? 0 : 1));
        if (AllowsDatagrams)
        {
            writer.Unsigned(HelloExtension.Datagrams);
            writer.Bytes(default);
        }

        if (TakesTraceContext)
        {
            writer.Unsigned(HelloExtension.TraceContext);
            writer.Bytes(default);
        }

        if (!Schemas.IsEmpty)
        {
            writer.Unsigned(HelloExtension.Schemas);
            writer.Bytes(Schemas);
        }

        return writer.Length;
    }
}
