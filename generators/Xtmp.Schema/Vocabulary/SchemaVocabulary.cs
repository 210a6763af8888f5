namespace Xtmp.Schema;

/// <summary>
/// Every key of the schema language. The reader accepts exactly these, and the JSON schema for editors is written from
/// the same table.
/// </summary>
public static class SchemaVocabulary
{
    private static readonly KeyRule _doc = Key("doc", ValueForm.Text, "Text for people. Goes into the generated XML documentation and the reference.");
    private static readonly KeyRule _since = Key("since", new ValueRule(ValueForm.Integer) { Min = 1, Max = 65_535 }, "Schema version that brought it; 1 where not said.");
    private static readonly KeyRule _deprecated = Key("deprecated", ValueForm.Text, "Why it should no longer be used.");
    private static readonly KeyRule _replacedBy = Key("replaced_by", ValueForm.Text, "Name of what to use in its place. Needs deprecated.");
    private static readonly KeyRule _min = Key("min", ValueForm.Number, "Least value of a number, or least length: UTF-8 bytes of a string, bytes, elements.");
    private static readonly KeyRule _max = Key("max", ValueForm.Number, "Greatest value of a number, or greatest length.");
    private static readonly KeyRule _pattern = Key("pattern", ValueForm.Text, "What a string looks like as a whole, ASCII only: classes, groups, | * + ? {n,m}.");

    /// <summary>Limits of a list's elements, a map's values or a map's keys.</summary>
    public static NodeRule Limits { get; } = new("limits", "limits", [_min, _max, _pattern]);

    public static NodeRule Family { get; } = new("family", "a family",
    [
        Required("codes", ValueForm.CodeRange, "First and last code, such as 0x10-0x1F."),
        Key("reserved", ValueForm.Reserved, "Codes of the range that no message may take."),
        _doc,
    ]);

    public static NodeRule EnumValue { get; } = new("enum_value", "a value",
    [
        Required("value", new ValueRule(ValueForm.Integer) { Min = 0, Max = long.MaxValue }, "Its number on the wire."),
        _doc, _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Enum { get; } = EnumLike("enum", "an enum");

    public static NodeRule Flags { get; } = EnumLike("flags", "a flags type");

    public static NodeRule Field { get; } = new("field", "a field",
    [
        Required("id", new ValueRule(ValueForm.Integer) { Min = 0, Max = SchemaLimits.MaxFieldId }, "Index in the encoded array; never changes."),
        Required("name", ValueForm.Text, "Name in snake_case."),
        Required("type", ValueForm.Type, "Type: bool, u8 … u64, i8 … i64, f32, f64, u128, string, bytes, bytes[N], uuid, timestamp, duration, list<T>, map<K, V> or a name of an enum, flags type, struct or union; with ? at the end for an optional field."),
        _doc,
        Key("unit", ValueForm.Text, "Unit of the value for people, such as ms."),
        _min, _max, _pattern,
        Key("items", new ValueRule(ValueForm.Node) { Node = Limits }, "Limits of a list's elements or a map's values."),
        Key("keys", new ValueRule(ValueForm.Node) { Node = Limits }, "Limits of a map's keys."),
        Key("default", ValueForm.Scalar, "Value of the field where it is absent; a field equal to it is left out."),
        Key("secret", ValueForm.Boolean, "Redacted in text and JSON, and keeps its message from being compressed."),
        _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Struct { get; } = new("struct", "a struct",
    [
        Required("fields", new ValueRule(ValueForm.NodeList) { Node = Field }, "Its fields."),
        _doc,
        Key("reserved", ValueForm.Reserved, "Ids and names that no field may take."),
        _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Arm { get; } = new("arm", "an arm",
    [
        Required("tag", new ValueRule(ValueForm.Integer) { Min = 0, Max = SchemaLimits.MaxTag }, "Its number on the wire; never changes."),
        Required("name", ValueForm.Text, "Name in snake_case."),
        Required("type", ValueForm.Type, "The struct it holds."),
        _doc, _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Union { get; } = new("union", "a union",
    [
        Required("arms", new ValueRule(ValueForm.NodeList) { Node = Arm }, "What it may be."),
        _doc,
        Key("reserved", ValueForm.Reserved, "Tags and names that no arm may take."),
        _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Message { get; } = new("message", "a message",
    [
        Required("kind", Words("request", "response", "item", "one-way", "local", "error"), "How it travels: request, response to one, item of a stream, one-way, local (a request inside a silo) or error."),
        Required("fields", new ValueRule(ValueForm.NodeList) { Node = Field }, "Its fields."),
        _doc,
        Key("family", ValueForm.Text, "Family whose range holds its code."),
        Key("code", new ValueRule(ValueForm.Integer) { Min = 1, Max = 65_535 }, "Its number in the frame header, 0xA0 to 0xEF for applications; of an error the error code, 1000 to 65535. Responses, items and local messages have none."),
        Key("transport", Words("reliable", "fast"), "Link it prefers; reliable where not said."),
        Key("priority", Words("normal", "high", "emergency"), "Sending order; normal where not said."),
        Key("ack", ValueForm.Boolean, "Ask for an acknowledgement; one-way messages only."),
        Key("compress", Words("auto", "never"), "Whether it may be compressed; auto where not said."),
        Key("idempotent", ValueForm.Boolean, "Safe to repeat even after later requests."),
        Key("authentication", Words("none", "session", "wallet"), "What the caller must have proved; none where not said."),
        Key("reserved", ValueForm.Reserved, "Ids and names that no field may take."),
        _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Method { get; } = new("method", "a method",
    [
        Required("request", ValueForm.Text, "The message it takes."),
        Key("reply", ValueForm.Text, "The response it gives."),
        Key("stream", ValueForm.Text, "The item of the stream it gives."),
        Key("one-way", ValueForm.Boolean, "It gives nothing."),
        Key("key", ValueForm.Text, "Field of the request that is the grain key, $session or $caller; the handler's key where not said."),
        Key("cost", Words("read", "verify", "create"), "What a call costs a silo, for rate limits: read where not said."),
        Key("requires", Words("node", "notary", "operator"), "Role that the silo's configuration must have granted to the caller's identity."),
        Key("authenticates", Words("wallet"), "The caller proves that it holds the wallet that is the key; when the call succeeds, the session speaks for it."),
        _doc, _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule Handler { get; } = new("handler", "a handler",
    [
        Required("methods", new ValueRule(ValueForm.NodeMap) { Node = Method, TypeNames = true }, "Its methods."),
        _doc,
        Key("key", ValueForm.Text, "Field of each request that is the grain key, $session or $caller."),
        Key("stored_as", ValueForm.Text, "Kind that its grains are stored under; the protocol, a point and the handler's name where not said."),
        _since, _deprecated, _replacedBy,
    ]);

    public static NodeRule File { get; } = new("file", "a schema",
    [
        Required("protocol", ValueForm.Text, "Name of the protocol in snake_case."),
        Required("namespace", ValueForm.Text, "C# namespace of what is generated."),
        Required("version", new ValueRule(ValueForm.Integer) { Min = 1, Max = 65_535 }, "Version of the schema, from 1."),
        _doc,
        Key("imports", ValueForm.TextList, "Schema files whose types are used here, relative to this file."),
        Key("families", new ValueRule(ValueForm.NodeMap) { Node = Family }, "Ranges of message codes."),
        Key("enums", TypeMap(Enum), "Named numbers."),
        Key("flags", TypeMap(Flags), "Sets of named bits."),
        Key("structs", TypeMap(Struct), "Groups of fields."),
        Key("unions", TypeMap(Union), "One of several structs."),
        Key("messages", TypeMap(Message), "What is sent."),
        Key("handlers", TypeMap(Handler), "Who answers."),
    ]);

    /// <summary>All kinds of mapping, the file first.</summary>
    public static IReadOnlyList<NodeRule> All { get; } =
        [File, Family, Enum, Flags, EnumValue, Struct, Field, Limits, Union, Arm, Message, Handler, Method];

    private static NodeRule EnumLike(string name, string noun) => new(name, noun,
    [
        Required("values", new ValueRule(ValueForm.NodeMap) { Node = EnumValue }, "Its values by name."),
        _doc,
        Key("type", Words("u8", "u16", "u32", "u64"), "Integer type on the wire; u8 where not said."),
        Key("reserved", ValueForm.Reserved, "Numbers and names that no value may take."),
        _since, _deprecated, _replacedBy,
    ]);

    private static ValueRule TypeMap(NodeRule node) => new(ValueForm.NodeMap) { Node = node, TypeNames = true };

    private static ValueRule Words(params string[] words) => new(ValueForm.Keyword) { Words = words };

    private static KeyRule Key(string name, ValueForm form, string doc) => new(name, new ValueRule(form), doc);

    private static KeyRule Key(string name, ValueRule value, string doc) => new(name, value, doc);

    private static KeyRule Required(string name, ValueForm form, string doc) => new(name, new ValueRule(form), doc) { Required = true };

    private static KeyRule Required(string name, ValueRule value, string doc) => new(name, value, doc) { Required = true };
}
