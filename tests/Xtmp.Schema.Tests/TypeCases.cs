namespace Xtmp.Schema.Tests;

/// <summary>Mistakes in types, limits and defaults.</summary>
internal static class TypeCases
{
    private static DiagnosticCase Field(string name, string id, string keys, string? suggestion = null) =>
        new(name, id, "enums:\n  Colour: { values: { red: { value: 0 }, green: { value: 1 } } }\nstructs:\n  Part: { fields: [] }\n  Box:\n    fields:\n      - { id: 0, name: a, " + keys + " }\nmessages:\n  Ping: { kind: one-way, code: 0xA0, fields: [] }\n", suggestion);

    public static IEnumerable<DiagnosticCase> All() =>
    [
        Field("misspelt primitive", "XTMP030", "type: §strin", "string"),
        Field("type of another language", "XTMP030", "type: §int", "i32"),
        Field("misspelt struct", "XTMP030", "type: §Patr", "Part"),
        Field("type in the wrong case", "XTMP030", "type: §part", "Part"),
        Field("nothing near", "XTMP030", "type: §Quaternion"),
        Field("unknown type inside a list", "XTMP030", "type: list<§Parts>", "Part"),
        Field("unknown type inside quotes", "XTMP030", "type: \"map<string, §Parts>\"", "Part"),
        Field("list without a type", "XTMP031", "type: §list", "list<T>"),
        Field("unclosed list", "XTMP031", "type: list<u8§"),
        Field("brackets on something else", "XTMP031", "type: \"string§[5]\"", "string with max"),
        Field("optional inside a list", "XTMP031", "type: \"list<u8§?>\""),
        Field("text after the type", "XTMP031", "type: u8 §u16"),
        Field("bytes of no length", "XTMP031", "type: \"bytes[§0]\""),
        Field("float as a key", "XTMP031", "type: \"map<§f64, u8>\""),
        Field("missing comma in a map", "XTMP031", "type: map<string§>"),
        Field("types nested without end", "XTMP031", "type: list<list<list<list<list<list<list<list<§list<u8>>>>>>>>>"),
        Field("message as a type", "XTMP032", "type: §Ping"),
        new("arm that is no struct", "XTMP032", """
            unions:
              U:
                arms:
                  - { tag: 0, name: a, type: §u32 }
            """),
        new("struct that holds itself", "XTMP033", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §a, type: Box }
            """),
        new("structs that hold each other", "XTMP033", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §b, type: B }
              B:
                fields:
                  - { id: 0, name: a, type: Box }
            """),
        new("cycle through a list that is never empty", "XTMP033", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §all, type: list<Box>, min: 1 }
            """),
        new("cycle through a union", "XTMP033", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §u, type: U }
            unions:
              U:
                arms:
                  - { tag: 0, name: a, type: Box }
            """),
        Field("default of the wrong type", "XTMP034", "type: u8, default: §many"),
        Field("default beyond the type", "XTMP034", "type: u8, default: §256"),
        Field("default of a boolean", "XTMP034", "type: bool, default: §1"),
        Field("default of an enum", "XTMP034", "type: Colour, default: §gren", "green"),
        Field("default of a struct", "XTMP034", "type: Part, default: §x"),
        Field("default of an optional field", "XTMP034", "type: \"u8?\", §default: 1"),
        Field("quoted number as default", "XTMP034", "type: u8, default: §\"1\""),
        Field("limit on a boolean", "XTMP035", "type: bool, §max: 1"),
        Field("limit on a struct", "XTMP035", "type: Part, §min: 1"),
        Field("limit on fixed bytes", "XTMP035", "type: \"bytes[32]\", §max: 32"),
        Field("pattern on a number", "XTMP035", "type: u8, §pattern: \"[0-9]\""),
        Field("items on a string", "XTMP035", "type: string, §items: { max: 3 }"),
        Field("keys on a list", "XTMP035", "type: list<string>, §keys: { max: 3 }"),
        Field("items whose limit does not fit", "XTMP035", "type: list<bool>, items: { §max: 3 }"),
        Field("min above max", "XTMP036", "type: u8, min: §5, max: 4"),
        Field("min above max of a length", "XTMP036", "type: string, min: §5, max: 4"),
        Field("min above the max of a string that says none", "XTMP036", "type: string, min: §1025"),
        Field("min above the max of a list that says none", "XTMP036", "type: list<u8>, min: §1025"),
        Field("min above max of a number", "XTMP036", "type: f64, min: §0.5, max: 0.25"),
        Field("max beyond the type", "XTMP036", "type: u8, max: §256"),
        Field("negative length", "XTMP036", "type: string, min: §-1"),
        Field("length beyond a message", "XTMP036", "type: bytes, max: §16777217"),
        Field("pattern that fits no length", "XTMP036", "type: string, max: 3, pattern: §\"[a-z]{4,9}\""),
        Field("unclosed class", "XTMP037", "type: string, pattern: §\"[a-z\""),
        Field("repetition of nothing", "XTMP037", "type: string, pattern: §\"*a\""),
        Field("pattern that explodes", "XTMP037", "type: string, pattern: §\"(((a{1000}){1000}){1000})\""),
        Field("pattern beyond ASCII", "XTMP037", "type: string, pattern: §\"[à-ü]+\""),
        Field("look-ahead", "XTMP037", "type: string, pattern: §\"(?=a)b\""),
        Field("default below min", "XTMP038", "type: u8, min: 5, default: §4"),
        Field("default that does not match", "XTMP038", "type: string, pattern: \"[A-Z]{3}\", default: §eur"),
        Field("default too long", "XTMP038", "type: string, max: 2, default: §ééé"),
        new("import that is not there", "XTMP060", """
            imports: [§comon.yaml]
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: Shared }
            """) { Files = { ["common.yaml"] = KeyCases.Common } },
        new("import of itself", "XTMP061", """
            imports: [§test.yaml]
            """),
        new("imports in a cycle", "XTMP062", """
            imports: [§other.yaml]
            """) { Files = { ["other.yaml"] = "protocol: other\nnamespace: Other\nversion: 1\nimports: [test.yaml]\n" } },
        new("import with errors", "XTMP062", """
            imports: [§broken.yaml]
            """) { Files = { ["broken.yaml"] = "protocol: broken\nnamespace: Broken\nversion: 1\nstructs: [1]\n" } },
        Field("deprecated without a reason", "XTMP070", "type: u8, deprecated: §true"),
        Field("replaced_by alone", "XTMP070", "type: u8, §replaced_by: b"),
        Field("replaced by nothing", "XTMP070", "type: u8, deprecated: \"Old.\", replaced_by: §b"),
        Field("since the future", "XTMP071", "type: u8, since: §4"),
        Field("required field added later", "XTMP072", "type: u8, §since: 2"),
    ];
}
