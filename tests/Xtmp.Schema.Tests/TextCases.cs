namespace Xtmp.Schema.Tests;

/// <summary>Mistakes in the YAML itself.</summary>
internal static class TextCases
{
    public static IEnumerable<DiagnosticCase> All() =>
    [
        new("unclosed flow mapping", "XTMP001", """
            enums:
              Colour:
                values:
                  red: { value: 0
                  §green: { value: 1 }
            """),
        new("unquoted fixed bytes in a flow mapping", "XTMP001", """
            structs:
              Key:
                fields:
                  - { id: 0, name: key, type: bytes§[32] }
            """),
        new("colon in unquoted text", "XTMP001", """
            structs:
              Key:
                doc: This is wrong§: it needs quotes
                fields: []
            """),
        new("unfinished quote", "XTMP001", """
            structs:
              Key:
                doc: §"never closed
                fields: []
            """),
        new("character that begins nothing", "XTMP001", """
            structs:
              Key:
                doc: §@home
                fields: []
            """),
        new("tab indentation", "XTMP002", "structs:\n§\tKey:\n\t\tfields: []\n"),
        new("tab after spaces", "XTMP002", "structs:\n  §\tKey:\n"),
        new("not UTF-8", "XTMP003", "structs:\n  Key:\n    doc: caf§\uFFFD\n    fields: []\n"),
        new("control character", "XTMP003", "structs:\n  Key:\n    doc: bell§\u0007\n    fields: []\n"),
        new("line separator as it is", "XTMP003", "structs:\n  Key:\n    doc: a§\u2028b\n    fields: []\n"),
        new("next line as it is", "XTMP003", "structs:\n  Key:\n    doc: a§\u0085b\n    fields: []\n"),
        new("right-to-left override as it is", "XTMP003", "structs:\n  Key:\n    # a§\u202Eb\n    fields: []\n"),
        new("line separator as an escape", "XTMP003", "structs:\n  Key:\n    doc: §\"a\\u2028b\"\n    fields: []\n"),
        new("next line as an escape", "XTMP003", "structs:\n  Key:\n    doc: §\"a\\Nb\"\n    fields: []\n"),
        new("escape character as an escape", "XTMP003", "structs:\n  Key:\n    deprecated: §\"a\\eb\"\n    fields: []\n"),
        new("right-to-left override as an escape", "XTMP003", "structs:\n  Key:\n    fields: [{ id: 0, name: a, type: string, unit: §\"a\\u202Eb\" }]\n"),
        new("lone surrogate", "XTMP003", "structs:\n  Key:\n    doc: half§\uD83D\n    fields: []\n"),
        new("zero byte", "XTMP003", "§\0") { NoHeader = true },
        new("nested too deep", "XTMP004", "doc: " + new string('[', 23) + "§[" + new string('[', 100_000)),
        new("anchor", "XTMP005", """
            structs:
              Key: §&key
                fields: []
            """),
        new("alias bomb", "XTMP005", """
            structs: §&a { Box: &b [x, x, x, x, x, x, x, x] }
            enums: [*b, *b, *b, *b, *b, *b, *b, *b, *b]
            """),
        new("alias", "XTMP005", """
            structs: §*nothing
            """),
        new("tag", "XTMP005", """
            structs:
              Key: §!!map
                fields: []
            """),
        new("merge key", "XTMP005", """
            structs:
              Key:
                §<<: { fields: [] }
            """),
        new("mapping as key", "XTMP005", """
            structs:
              §{ a: b }: { fields: [] }
            """),
        new("two documents", "XTMP005", """
            structs: {}
            §---
            structs: {}
            """),
        new("duplicate key", "XTMP006", """
            structs:
              Key:
                doc: one
                §doc: two
                fields: []
            """),
        new("duplicate section", "XTMP006", """
            structs:
              Box: { fields: [] }
            §structs:
              B: { fields: [] }
            """),
        new("duplicate type in one section", "XTMP006", """
            structs:
              Box: { fields: [] }
              §Box: { fields: [] }
            """),
        new("empty file", "XTMP007", "§") { NoHeader = true },
        new("only a comment", "XTMP007", "§# nothing\n") { NoHeader = true },
        new("a list", "XTMP007", "§- a\n- b\n") { NoHeader = true },
        new("a word", "XTMP007", "§hello") { NoHeader = true },
        new("some other YAML", "XTMP007", "§services:\n  web:\n    image: nginx\n") { NoHeader = true },
        new("body beside its name", "XTMP008", """
            messages:
              Ping:
              §kind: one-way
              code: 0xA0
              fields: []
            """),
        new("fields less indented than the rest", "XTMP008", """
            structs:
              Key:
                doc: text
               §fields: []
            """),
        new("key after a finished value", "XTMP001", """
            structs:
              Key:
                doc: text
                  fields§: []
            """),
    ];
}
