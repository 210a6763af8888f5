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
          Priced:
            fields: [{ id: 0, name: price, type: u64, unit: cents }, { id: 1, name: word, type: string, max: 9, pattern: "[a-c]+" }, { id: 2, name: last, type: "u8?" }]
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
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16, default: 1 }\n      - { id: 4, name: extra, type: u8 }\n  Same", "WIRE: structs.Item.extra|VERSION: structs.Item.extra")]
    [InlineData("{ id: 2, name: count, type: u16, default: 1 }\n  Same", "{ id: 2, name: count, type: u16, default: 1 }\n      - { id: 4, name: extra, type: u8, default: 0 }\n  Same", "VERSION: structs.Item.extra")]
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
    [InlineData("{ tag: 1, name: tree, type: Tree }", "{ tag: 1, name: tree, type: Tree }, { tag: 2, name: leaf, type: Leaf }", "SOURCE: unions.Body.leaf")]
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
    [InlineData("      Get: { request: Get, reply: GetReply }", "      Get: { request: Get, reply: GetReply, key: alias }", "STATE: handlers.Shop.Get")]
    [InlineData("  Shop:\n", "  Store:\n", "STATE: handlers.Shop")]
    [InlineData("  Shop:\n", "  Store:\n    stored_as: shop.Shop\n", "SOURCE: handlers.Shop")]
    [InlineData("  Shop:\n", "  Shop:\n    stored_as: Shop\n", "STATE: handlers.Shop")]
    [InlineData("namespace: Shop", "namespace: Store", "SOURCE: namespace")]
    [InlineData("version: 1", "version: 2", "")]
    [InlineData("{ id: 0, name: key, type: string, max: 20 }, { id: 1, name: alias, type: string, max: 20 }", "{ id: 1, name: key, type: string, max: 20 }, { id: 0, name: alias, type: string, max: 20 }", "WIRE: messages.Get.key|WIRE: messages.Get.alias")]
    [InlineData("{ tag: 0, name: item, type: Item }, { tag: 1, name: tree, type: Tree }", "{ tag: 1, name: item, type: Item }, { tag: 0, name: tree, type: Tree }", "WIRE: unions.Body.item|WIRE: unions.Body.tree")]
    [InlineData("kind: request, code: 0xA0, idempotent: true", "kind: request, code: 0xA0, idempotent: true, authentication: wallet", "WIRE: messages.Get|WIRE: messages.GetReply")]
    [InlineData("name: count, type: u16, default: 1 }\n  Other", "name: count, type: u16, default: 1, min: 0, max: 65535 }\n  Other", "")]
    [InlineData("name: count, type: u16, default: 1 }\n  Other", "name: count, type: u16, default: 1, min: 1 }\n  Other", "WIRE: structs.Same.count")]
    [InlineData("pattern: \"[a-c]+\"", "pattern: \"(a|b|c)[abc]*\"", "")]
    [InlineData("pattern: \"[a-c]+\"", "pattern: \"[a-c]*\"", "WIRE: structs.Priced.word")]
    [InlineData("unit: cents", "unit: euros", "WIRE: structs.Priced.price")]
    [InlineData(", unit: cents", "", "")]
    [InlineData(", { id: 2, name: last, type: \"u8?\" }", "", "WIRE: structs.Priced.last")]
    [InlineData("  Priced:\n    fields: [{ id: 0, name: price, type: u64, unit: cents }, { id: 1, name: word, type: string, max: 9, pattern: \"[a-c]+\" }, { id: 2, name: last, type: \"u8?\" }]", "  Priced:\n    reserved: [2, last]\n    fields: [{ id: 0, name: price, type: u64, unit: cents }, { id: 1, name: word, type: string, max: 9, pattern: \"[a-c]+\" }]", "JSON: structs.Priced.last")]
    [InlineData("  Priced:\n    fields: [{ id: 0, name: price, type: u64, unit: cents }, { id: 1, name: word, type: string, max: 9, pattern: \"[a-c]+\" }, { id: 2, name: last, type: \"u8?\" }]", "  Priced:\n    reserved: [1, word]\n    fields: [{ id: 0, name: price, type: u64, unit: cents }, { id: 2, name: last, type: \"u8?\" }]", "WIRE: structs.Priced.word")]
    [InlineData("      Get: { request: Get, reply: GetReply }\n      Inside: { request: Inside, reply: InsideReply }", "      Get: { request: Get, reply: GetReply }\n  Other2:\n    key: key\n    methods:\n      Inside: { request: Inside, reply: InsideReply }", "STATE: handlers.Shop.Inside")]
    [InlineData("      Inside: { request: Inside, reply: InsideReply }", "      Inside: { request: Inside, reply: InsideReply }\n      More: { request: More, reply: MoreReply }", "SOURCE: handlers.Shop.More", "  InsideReply:", "  More: { kind: local, fields: [{ id: 0, name: key, type: string, max: 20 }] }\n  MoreReply: { kind: response, fields: [] }\n  InsideReply:")]
    public void classes_a_change(string from, string to, string expected, string? alsoFrom = null, string? alsoTo = null)
    {
        string text = Before.ReplaceLineEndings("\n");
        Assert.Contains(from, text);
        SchemaModel before = Read(text);
        SchemaModel after = Read(text.Replace(from, to, StringComparison.Ordinal).Replace(alsoFrom ?? "\0", alsoTo, StringComparison.Ordinal));
        IEnumerable<string> found = SchemaComparer.Compare(before, after).Select(c => $"{c.Class.ToString().ToUpperInvariant()}: {c.Path}").Distinct();
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));

        // The lock file tells the same.
        IEnumerable<string> locked = SchemaComparer.Compare(CanonicalReader.Read(CanonicalText.OfEverything(before)), after).Select(c => $"{c.Class.ToString().ToUpperInvariant()}: {c.Path}").Distinct();
        Assert.Equal(found, locked);
    }

    [Theory]
    [InlineData("version: 2", "version: 1", "VERSION_BACK")]
    [InlineData("default: 0, since: 2 }", "default: 0, since: 2 }, { id: 2, name: new, type: u8, default: 0, since: 2 }", "FIELD_VERSION")]
    [InlineData("version: 2", "version: 3", "FIELD_VERSION", "default: 0, since: 2 }", "default: 0, since: 2 }, { id: 2, name: new, type: u8, default: 0, since: 2 }")]
    [InlineData("version: 2", "version: 3", "", "default: 0, since: 2 }", "default: 0, since: 2 }, { id: 2, name: new, type: u8, default: 0, since: 3 }")]
    public void holds_a_schema_to_its_own_versions(string from, string to, string rule, string? alsoFrom = null, string? alsoTo = null)
    {
        const string Text = "protocol: shop\nnamespace: Shop\nversion: 2\nstructs:\n  Line: { fields: [{ id: 0, name: a, type: u8 }, { id: 1, name: b, type: u8, default: 0, since: 2 }] }\n";
        string after = Text.Replace(from, to, StringComparison.Ordinal).Replace(alsoFrom ?? "\0", alsoTo, StringComparison.Ordinal);
        if (rule == "VERSION_BACK")
        {
            after = after.Replace("since: 2", "since: 1", StringComparison.Ordinal);
        }

        Assert.Equal(rule, string.Join(",", SchemaComparer.Compare(CanonicalReader.Read(CanonicalText.OfEverything(Read(Text))), Read(after)).Select(c => c.Rule.Id)));
    }

    private static SchemaModel Read(string text)
    {
        SchemaResult result = SchemaReader.Read("shop.yaml", text, _ => null);
        Assert.DoesNotContain(result.Diagnostics, d => d.Severity == SchemaSeverity.Error);
        return result.Model!;
    }
}
