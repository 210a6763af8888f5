using Xtmp.Cli.Schema.Breaking;
using Xtmp.Schema;

namespace Xtmp.Cli.Tests.Schema;

public sealed class BreakingTests
{
    private const string Before = """
        protocol: shop
        namespace: Shop
        version: 1
        enums:
          State: { reserved: [9, lost], values: { open: { value: 0 }, done: { value: 1 } } }
          Twin: { values: { open: { value: 0 }, done: { value: 1 } } }
        flags:
          Rights: { values: { read: { value: 1 } } }
        structs:
          Item:
            reserved: [3, old]
            fields:
              - { id: 0, name: name, type: string, max: 20 }
              - { id: 1, name: note, type: "string?", max: 20 }
              - { id: 2, name: count, type: u16, default: 1 }
          Same:
            reserved: [3, old]
            fields:
              - { id: 0, name: name, type: string, max: 20 }
              - { id: 1, name: note, type: "string?", max: 20 }
              - { id: 2, name: count, type: u16, default: 1 }
          Other: { fields: [{ id: 0, name: name, type: string, max: 20 }] }
          Tree: { fields: [{ id: 0, name: left, type: "Tree?" }, { id: 1, name: state, type: State }] }
          Leaf: { fields: [{ id: 0, name: left, type: "Leaf?" }, { id: 1, name: state, type: State }] }
          Holder: { fields: [{ id: 0, name: tree, type: Tree }, { id: 1, name: all, type: list<Item>, max: 3 }, { id: 2, name: key, type: uuid }, { id: 3, name: by, type: "map<string, Item>", max: 3 }] }
        unions:
          Body: { arms: [{ tag: 0, name: item, type: Item }, { tag: 1, name: tree, type: Tree }] }
        messages:
          Get: { kind: request, code: 0xA0, idempotent: true, fields: [{ id: 0, name: key, type: string, max: 20 }, { id: 1, name: alias, type: string, max: 20 }] }
          GetReply: { kind: response, fields: [{ id: 0, name: item, type: Item }] }
          Note: { kind: one-way, code: 0xA1, fields: [{ id: 0, name: body, type: Body }] }
          Inside: { kind: local, fields: [{ id: 0, name: key, type: string, max: 20 }] }
          InsideReply: { kind: response, fields: [] }
        handlers:
          Shop:
            key: key
            methods:
              Get: { request: Get, reply: GetReply }
              Inside: { request: Inside, reply: InsideReply }

        """;

    [Theory]
    [InlineData("done: { value: 1 } } }\n  Twin", "done: { value: 2 } } }\n  Twin", "WIRE: enums.State.done")]
    [InlineData("done: { value: 1 } } }\n  Twin", "ended: { value: 1 } } }\n  Twin", "JSON: enums.State.done")]
    [InlineData(", done: { value: 1 } } }\n  Twin", " } }\n  Twin", "JSON: enums.State.done")]
    [InlineData("done: { value: 1 } } }\n  Twin", "done: { value: 1 }, more: { value: 2 } } }\n  Twin", "")]
    [InlineData("State: { reserved", "State: { type: u16, reserved", "WIRE: enums.State")]
    [InlineData("reserved: [9, lost], values", "reserved: [9], values", "WIRE: enums.State")]
    [InlineData("Rights: { values: { read: { value: 1 } } }", "Access: { values: { read: { value: 1 } } }", "SOURCE: flags.Rights")]
    [InlineData("Item:\n    reserved: [3, old]", "Item:\n    reserved: [3]", "WIRE: structs.Item")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16, default: 2 }\n  Same", "WIRE: structs.Item.count")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16 }\n  Same", "WIRE: structs.Item.count")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16, default: 1 }\n      - { id: 4, name: extra, type: u8 }\n  Same", "WIRE: structs.Item.extra")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16, default: 1 }\n      - { id: 4, name: extra, type: u8, default: 0 }\n  Same", "")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: amount, type: u16, default: 1 }\n  Same", "JSON: structs.Item.count")]
    [InlineData("- { id: 2, name: count, type: u16, default: 1 }\n  Same", "  \n  Same", "WIRE: structs.Item.count")]
    [InlineData("{ id: 0, name: name, type: string, max: 20 }\n      - { id: 1, name: note, type: \"string?\", max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 0, name: name, type: string, max: 21 }\n      - { id: 1, name: note, type: \"string?\", max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "WIRE: structs.Item.name")]
    [InlineData("{ id: 0, name: name, type: string, max: 20 }\n      - { id: 1, name: note, type: \"string?\", max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 0, name: name, type: string, max: 20 }\n      - { id: 1, name: note, type: string, max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "WIRE: structs.Item.note")]
    [InlineData("{ id: 0, name: name, type: string, max: 20 }\n      - { id: 1, name: note, type: \"string?\", max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 0, name: name, type: string, max: 20, secret: true }\n      - { id: 1, name: note, type: \"string?\", max: 20 }\n      - { id: 2, name: count, type: u16, default: 1 }\n  Same", "WIRE: messages.GetReply|WIRE: messages.Note|JSON: structs.Item.name")]
    [InlineData("name: all, type: list<Item>", "name: all, type: list<Same>", "SOURCE: structs.Holder.all[]")]
    [InlineData("name: all, type: list<Item>", "name: all, type: list<Other>", "WIRE: structs.Holder.all[].count|WIRE: structs.Holder.all[].note|WIRE: structs.Holder.all[]|SOURCE: structs.Holder.all[]")]
    [InlineData("name: all, type: list<Item>, max: 3", "name: all, type: list<Item>, max: 4", "WIRE: structs.Holder.all")]
    [InlineData("{ id: 0, name: tree, type: Tree }", "{ id: 0, name: tree, type: Leaf }", "SOURCE: structs.Holder.tree|SOURCE: structs.Holder.tree.left")]
    [InlineData("name: key, type: uuid", "name: key, type: \"bytes[16]\"", "JSON: structs.Holder.key")]
    [InlineData("name: by, type: \"map<string, Item>\"", "name: by, type: \"map<string, Same>\"", "SOURCE: structs.Holder.by[]")]
    [InlineData("name: by, type: \"map<string, Item>\"", "name: by, type: \"map<u8, Item>\"", "WIRE: structs.Holder.by{key}")]
    [InlineData("name: state, type: State }] }\n  Leaf", "name: state, type: Twin }] }\n  Leaf", "WIRE: structs.Tree.state|SOURCE: structs.Tree.state")]
    [InlineData("name: state, type: State }] }\n  Leaf", "name: state, type: u8 }] }\n  Leaf", "JSON: structs.Tree.state")]
    [InlineData("{ tag: 1, name: tree, type: Tree }", "{ tag: 2, name: tree, type: Tree }", "WIRE: unions.Body.tree")]
    [InlineData("{ tag: 1, name: tree, type: Tree }", "{ tag: 1, name: bush, type: Tree }", "JSON: unions.Body.tree")]
    [InlineData("{ tag: 1, name: tree, type: Tree }", "{ tag: 1, name: tree, type: Leaf }", "SOURCE: unions.Body.tree|SOURCE: unions.Body.tree.left")]
    [InlineData("{ tag: 1, name: tree, type: Tree }", "{ tag: 1, name: tree, type: Tree }, { tag: 2, name: leaf, type: Leaf }", "")]
    [InlineData("code: 0xA1", "code: 0xA2", "WIRE: messages.Note")]
    [InlineData("code: 0xA1", "code: 0xA1, compress: never", "WIRE: messages.Note")]
    [InlineData("code: 0xA1", "code: 0xA1, transport: fast", "WIRE: messages.Note")]
    [InlineData("code: 0xA1", "code: 0xA1, authentication: session", "WIRE: messages.Note")]
    [InlineData("code: 0xA1", "code: 0xA1, priority: high", "")]
    [InlineData("idempotent: true", "idempotent: false", "WIRE: messages.Get")]
    [InlineData("Note: { kind: one-way", "Remark: { kind: one-way", "SOURCE: messages.Note")]
    [InlineData("  Note: { kind: one-way, code: 0xA1, fields: [{ id: 0, name: body, type: Body }] }\n", "", "WIRE: messages.Note")]
    [InlineData("kind: local, fields: [{ id: 0, name: key, type: string, max: 20 }]", "kind: local, fields: [{ id: 0, name: key, type: string, max: 30 }]", "SOURCE: messages.Inside.key")]
    [InlineData("      Get: { request: Get, reply: GetReply }", "      Fetch: { request: Get, reply: GetReply }", "SOURCE: handlers.Shop.Get")]
    [InlineData("      Get: { request: Get, reply: GetReply }", "      Get: { request: Get, reply: GetReply, key: alias }", "SOURCE: handlers.Shop.Get")]
    [InlineData("  Shop:\n", "  Store:\n", "SOURCE: handlers.Shop")]
    [InlineData("namespace: Shop", "namespace: Store", "SOURCE: namespace")]
    [InlineData("version: 1", "version: 2", "")]
    public void classes_a_change(string from, string to, string expected)
    {
        string text = Before.ReplaceLineEndings("\n");
        Assert.Contains(from, text);
        SchemaModel before = Read(text);
        SchemaModel after = Read(text.Replace(from, to, StringComparison.Ordinal));
        IEnumerable<string> found = SchemaComparer.Compare(before, after).Select(c => $"{c.Class.ToString().ToUpperInvariant()}: {c.Path}").Distinct();
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));

        // The lock file tells the same.
        IEnumerable<string> locked = SchemaComparer.Compare(CanonicalReader.Read(CanonicalText.OfEverything(before)), after).Select(c => $"{c.Class.ToString().ToUpperInvariant()}: {c.Path}").Distinct();
        Assert.Equal(found, locked);
    }

    private static SchemaModel Read(string text)
    {
        SchemaResult result = SchemaReader.Read("shop.yaml", text, _ => null);
        Assert.DoesNotContain(result.Diagnostics, d => d.Severity == SchemaSeverity.Error);
        return result.Model!;
    }
}
