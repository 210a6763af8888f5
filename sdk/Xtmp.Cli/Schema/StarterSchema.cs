namespace Xtmp.Cli.Schema;

/// <summary>What <c>xtmp schema new</c> writes.</summary>
public static class StarterSchema
{
    public static string Write(string protocol, string? clrNamespace)
    {
        string type = string.Concat(protocol.Split('_').Where(w => w.Length > 0).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
        return $$"""
            # yaml-language-server: $schema=./schema.json
            # 'xtmp schema json-schema' writes schema.json beside this file, with which editors complete and check it.
            protocol: {{protocol}}
            namespace: {{clrNamespace ?? type + ".Messages"}}
            version: 1
            doc: What this protocol is for.

            families:
              {{protocol}}: { codes: 0xA0-0xAF, doc: "Codes 0xA0 to 0xEF belong to applications." }

            enums:
              {{type}}State:
                doc: Where an item stands.
                values:
                  open: { value: 0, doc: "Not done yet." }
                  done: { value: 1, doc: "Done." }

            structs:
              {{type}}Item:
                doc: An item.
                fields:
                  - { id: 0, name: name, type: string, min: 1, max: 64, doc: "Name for people." }
                  - { id: 1, name: state, type: {{type}}State, doc: "Where it stands." }
                  - { id: 2, name: note, type: "string?", max: 256, doc: "Anything else." }

            messages:
              {{type}}Get:
                doc: Asks for the items under a key.
                family: {{protocol}}
                code: 0xA0
                kind: request
                idempotent: true
                authentication: session
                fields:
                  - { id: 0, name: key, type: string, min: 1, max: 64, doc: "The key." }

              {{type}}GetReply:
                doc: The items under a key.
                kind: response
                fields:
                  - { id: 0, name: items, type: list<{{type}}Item>, max: 100, doc: "The items." }

            handlers:
              {{type}}:
                doc: The items under one key.
                key: key
                methods:
                  Get: { request: {{type}}Get, reply: {{type}}GetReply, doc: "Tells the items." }

            """.ReplaceLineEndings("\n");
    }
}
