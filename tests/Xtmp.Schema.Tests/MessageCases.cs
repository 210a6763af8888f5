namespace Xtmp.Schema.Tests;

/// <summary>Mistakes in messages, families and handlers.</summary>
internal static class MessageCases
{
    private const string Messages = """
        messages:
          Get:
            kind: request
            code: 0xA0
            fields:
              - { id: 0, name: key, type: string }
              - { id: 1, name: maybe, type: "string?" }
              - { id: 2, name: ratio, type: f64 }
          GetReply: { kind: response, fields: [] }
          Put: { kind: request, code: 0xA1, fields: [{ id: 0, name: key, type: string }] }
          PutReply: { kind: response, fields: [] }
          Item: { kind: item, fields: [] }
          Note: { kind: one-way, code: 0xA2, fields: [{ id: 0, name: key, type: string }] }
        handlers:
          Store:
            key: key
            methods:

        """;

    private static DiagnosticCase Method(string name, string id, string methods, string? suggestion = null) =>
        new(name, id, Messages.ReplaceLineEndings("\n") + string.Concat(methods.Split('\n').Select(m => "      " + m.TrimEnd('\r') + "\n")), suggestion);

    public static IEnumerable<DiagnosticCase> All() =>
    [
        new("code twice", "XTMP040", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
              Pong: { kind: one-way, code: §160, fields: [] }
            """),
        new("code outside its family", "XTMP041", """
            families:
              test: { codes: 0xA0-0xAF }
            messages:
              Ping: { kind: one-way, family: test, code: §0xB0, fields: [] }
            """),
        new("reserved code outside the family", "XTMP041", """
            families:
              test: { codes: 0xA0-0xAF, reserved: §[0xB0] }
            """),
        new("response with a code", "XTMP042", """
            messages:
              Reply: { kind: response, §code: 0xA0, fields: [] }
            handlers: {}
            """),
        new("request without a code", "XTMP042", """
            messages:
              §Ask: { kind: request, fields: [] }
            """),
        new("local message with a code", "XTMP042", """
            messages:
              Tell: { kind: local, §code: 0xA0, fields: [] }
            """),
        new("unknown family", "XTMP043", """
            families:
              orders: { codes: 0xA0-0xAF }
            messages:
              Ping: { kind: one-way, family: §order, code: 0xA0, fields: [] }
            """, "orders"),
        new("families that overlap", "XTMP044", """
            families:
              one: { codes: 0xA0-0xAF }
              two: { codes: §0xAF-0xB0 }
            """),
        new("family backwards", "XTMP044", """
            families:
              one: { codes: §0xAF-0xA0 }
            """),
        new("ack on a request", "XTMP045", """
            messages:
              Ask: { kind: request, code: 0xA0, §ack: true, fields: [] }
            """),
        new("family on a response", "XTMP045", """
            families:
              test: { codes: 0xA0-0xAF }
            messages:
              Reply: { kind: response, §family: test, fields: [] }
            handlers: {}
            """),
        new("idempotent item", "XTMP045", """
            messages:
              Item: { kind: item, §idempotent: true, fields: [] }
            """),
        new("code of XTMP itself", "XTMP046", """
            messages:
              Ping: { kind: one-way, code: §0x13, fields: [] }
            """),
        new("request on a code that XTMP keeps", "XTMP046", """
            messages:
              Ask: { kind: request, code: §0xFE, fields: [] }
            """),
        new("error code of XTMP itself", "XTMP014", """
            messages:
              Gone: { kind: error, code: §999, fields: [] }
            """),
        new("message code beyond the frame header", "XTMP014", """
            messages:
              Ping: { kind: one-way, code: §1000, fields: [] }
            """),
        new("error code twice", "XTMP040", """
            messages:
              Gone: { kind: error, code: 1000, fields: [] }
              Lost: { kind: error, code: §1000, fields: [] }
            """),
        new("error without a code", "XTMP042", """
            messages:
              §Gone: { kind: error, fields: [] }
            """),
        new("error with a priority", "XTMP045", """
            messages:
              Gone: { kind: error, code: 1000, §priority: high, fields: [] }
            """),
        new("error that may be too large", "XTMP047", """
            messages:
              §Gone: { kind: error, code: 1000, fields: [{ id: 0, name: names, type: list<string>, max: 5 }] }
            """),
        new("name of an error's exception", "XTMP023", """
            structs:
              GoneException: { fields: [] }
            messages:
              §Gone: { kind: error, code: 1000, fields: [] }
            """),
        new("caller as the handler's key without proof", "XTMP057", """
            messages:
              Mine: { kind: one-way, code: 0xA0, authentication: session, fields: [] }
              Ours: { kind: one-way, code: 0xA1, authentication: wallet, fields: [] }
            handlers:
              Store:
                key: $caller
                methods:
                  §Mine: { request: Mine, one-way: true }
                  Ours: { request: Ours, one-way: true }
            """),
        new("caller as the method's key without proof", "XTMP057", """
            messages:
              Mine: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              Store:
                methods:
                  Mine: { request: Mine, one-way: true, key: §$caller }
            """),
        new("handler of XTMP itself", "XTMP058", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              §Wallet:
                key: $session
                methods:
                  Ping: { request: Ping, one-way: true }
            """),
        new("kind of grains that is no name", "XTMP020", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              Store:
                key: $session
                stored_as: §a/b
                methods:
                  Ping: { request: Ping, one-way: true }
            """),
        new("two handlers' grains in one place", "XTMP024", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
              Pong: { kind: one-way, code: 0xA1, fields: [] }
            handlers:
              Store:
                key: $session
                methods:
                  Ping: { request: Ping, one-way: true }
              Shop:
                key: $session
                stored_as: §test.Store
                methods:
                  Pong: { request: Pong, one-way: true }
            """),
        Method("unknown message", "XTMP050", "Get: { request: §Gett, reply: GetReply }\nPut: { request: Put, reply: PutReply }\nAll: { request: Get, stream: Item }".Replace("All", "Every", StringComparison.Ordinal), "Get"),
        new("struct as a request", "XTMP050", """
            structs:
              Data: { fields: [] }
            handlers:
              Store:
                key: $session
                methods:
                  Get: { request: §Data, one-way: true }
            """),
        Method("response as a request", "XTMP051", "Get: { request: §GetReply, reply: PutReply }"),
        Method("item as a reply", "XTMP051", "Get: { request: Get, reply: §Item }"),
        Method("response as an item", "XTMP051", "Get: { request: Get, stream: §GetReply }"),
        Method("one-way message with a reply", "XTMP051", "Get: { request: §Note, reply: GetReply }"),
        Method("key field that is not there", "XTMP052", "Get: { request: Get, reply: GetReply, key: §kye }\nPut: { request: Put, reply: PutReply }\nWatch: { request: Note, one-way: true }", "key"),
        Method("unknown source of a key", "XTMP052", "Get: { request: Get, reply: GetReply, key: §$sesion }", "$session"),
        new("handler's key missing in one request", "XTMP052", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              Store:
                key: name
                methods:
                  §Ping: { request: Ping, one-way: true }
            """),
        new("no key at all", "XTMP052", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              Store:
                methods:
                  §Ping: { request: Ping, one-way: true }
            """),
        Method("optional key", "XTMP053", "Get: { request: Get, reply: GetReply, key: §maybe }"),
        Method("key of a type that is none", "XTMP053", "Get: { request: Get, reply: GetReply, key: §ratio }"),
        Method("request served twice", "XTMP054", "Get: { request: Get, reply: GetReply }\nGetAgain: { request: §Get, stream: Item }"),
        Method("reply used twice", "XTMP054", "Get: { request: Get, reply: GetReply }\nPut: { request: Put, reply: §GetReply }"),
        Method("method without an answer", "XTMP055", "§Get: { request: Get }"),
        Method("method with two answers", "XTMP055", "§Get: { request: Get, reply: GetReply, stream: Item }"),
        new("reply that answers nothing", "XTMP056", """
            messages:
              §Reply: { kind: response, fields: [] }
            """),
    ];
}
