namespace Xtmp.Schema.Tests;

/// <summary>Mistakes in keys, values and names.</summary>
internal static class KeyCases
{
    public static IEnumerable<DiagnosticCase> All() =>
    [
        new("misspelt key of the file", "XTMP010", """
            §sructs:
              Box: { fields: [] }
            """, "structs"),
        new("misspelt key of a field", "XTMP010", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8, §defalut: 3 }
            """, "default"),
        new("misspelt required key counts once", "XTMP010", """
            structs:
              Box:
                fields:
                  - { id: 0, §nmae: a, type: u8 }
            """, "name"),
        new("hyphen for underscore", "XTMP010", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8, deprecated: "Use b.", §replaced-by: b }
                  - { id: 1, name: b, type: u8 }
            """, "replaced_by"),
        new("key of something else", "XTMP010", """
            enums:
              Colour:
                §transport: fast
                values:
                  red: { value: 0 }
            """),
        new("missing version", "XTMP011", "§protocol: test\nnamespace: Test\n"),
        new("missing fields", "XTMP011", """
            structs:
              §Box:
                doc: text
            """),
        new("missing type of a field", "XTMP011", """
            structs:
              Box:
                fields:
                  - §{ id: 0, name: a }
            """),
        new("key without a value", "XTMP011", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, §type: }
            """),
        new("doc without a value", "XTMP011", """
            structs:
              Box:
                §doc:
                fields: []
            """),
        new("struct without a body", "XTMP012", """
            structs:
              §Box:
            """),
        new("fields as a mapping", "XTMP012", """
            structs:
              Box:
                fields: §{ a: u8 }
            """),
        new("section as a list", "XTMP012", """
            structs: §[A, B]
            """),
        new("enum value as a number", "XTMP012", """
            enums:
              Colour:
                values:
                  red: §0
            """),
        new("list where a word belongs", "XTMP012", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §[a], type: u8 }
            """),
        new("import as a mapping", "XTMP012", """
            imports: [§{ file: common.yaml }]
            """),
        new("reserved holds a list", "XTMP012", """
            structs:
              Box: { fields: [], reserved: [§[1]] }
            """),
        new("id as text", "XTMP013", """
            structs:
              Box:
                fields:
                  - { id: §"0", name: a, type: u8 }
            """),
        new("yes for true", "XTMP013", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8, secret: §yes }
            """, "true"),
        new("misspelt word", "XTMP013", """
            messages:
              Ping: { kind: §oneway, code: 0xA0, fields: [] }
            """, "one-way"),
        new("word in the wrong case", "XTMP013", """
            messages:
              Ping: { kind: one-way, code: 0xA0, priority: §High, fields: [] }
            """, "high"),
        new("underlying type of an enum", "XTMP013", """
            enums:
              Colour: { type: §i32, values: { red: { value: 0 } } }
            """, "u32"),
        new("limit that is no number", "XTMP013", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: string, max: §many }
            """),
        new("range of codes", "XTMP013", """
            families:
              test: { codes: §lots }
            """),
        new("reserved that is neither number nor name", "XTMP013", """
            structs:
              Box: { fields: [], reserved: [§OldName] }
            """, "old_name"),
        new("id too large", "XTMP014", """
            structs:
              Box:
                fields:
                  - { id: §256, name: a, type: u8 }
            """),
        new("version zero", "XTMP014", "protocol: test\nnamespace: Test\nversion: §0\n"),
        new("code beyond a byte", "XTMP014", """
            messages:
              Ping: { kind: one-way, code: §0x100, fields: [] }
            """),
        new("enum value beyond its type", "XTMP014", """
            enums:
              Colour:
                values:
                  red: { value: §256 }
            """),
        new("reserved range backwards", "XTMP014", """
            structs:
              Box: { fields: [], reserved: [§9-5] }
            """),
        new("field in PascalCase", "XTMP020", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §firstName, type: u8 }
            """, "first_name"),
        new("type in snake_case", "XTMP020", """
            structs:
              §my_struct: { fields: [] }
            """, "MyStruct"),
        new("enum value in capitals", "XTMP020", """
            enums:
              Colour:
                values:
                  §Red: { value: 0 }
            """, "red"),
        new("namespace with a keyword", "XTMP020", "protocol: test\nnamespace: §Test.class\nversion: 1\n"),
        new("protocol with a capital", "XTMP020", "protocol: §Orders\nnamespace: Test\nversion: 1\n", "orders"),
        new("name that ends in an underscore", "XTMP020", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §a_, type: u8 }
            """, "a"),
        new("two names become one", "XTMP021", """
            structs:
              Box:
                fields:
                  - { id: 0, name: sha_1, type: u8 }
                  - { id: 1, name: §sha1, type: u8 }
            """),
        new("field with the name of its type", "XTMP022", """
            structs:
              Status:
                fields:
                  - { id: 0, name: §status, type: u8 }
            """),
        new("field with the name of a generated member", "XTMP022", """
            structs:
              Box:
                fields:
                  - { id: 0, name: §unknown_fields, type: u8 }
            """),
        new("arm with the name of a generated member", "XTMP022", """
            structs:
              Box: { fields: [] }
            unions:
              U:
                arms:
                  - { tag: 0, name: §match, type: Box }
            """),
        new("method with the name of a generated member", "XTMP022", """
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              H:
                key: $session
                methods:
                  §All: { request: Ping, one-way: true }
            """),
        new("struct with the name of an enum", "XTMP023", """
            enums:
              Colour: { values: { red: { value: 0 } } }
            structs:
              §Colour: { fields: [] }
            """),
        new("structs whose names differ in case alone", "XTMP023", """
            structs:
              Ipv: { fields: [] }
              §IPv: { fields: [] }
            """),
        new("struct with the name of a generated client", "XTMP023", """
            structs:
              PingClient: { fields: [] }
            messages:
              Ping: { kind: one-way, code: 0xA0, fields: [] }
            handlers:
              §Ping:
                key: $session
                methods:
                  Send: { request: Ping, one-way: true }
            """),
        new("struct with the name of a generated codec", "XTMP023", """
            structs:
              Ping: { fields: [] }
              §PingCodec: { fields: [] }
            """),
        new("struct with the name of a generated class of names", "XTMP023", """
            enums:
              Colour: { values: { red: { value: 0 } } }
            structs:
              §ColourNames: { fields: [] }
            """),
        new("arm with the name of its union", "XTMP022", """
            structs:
              Box: { fields: [] }
            unions:
              BoxArm:
                arms:
                  - { tag: 0, name: §box, type: Box }
            """),
        new("struct with the name of the catalogue", "XTMP023", "protocol: §test\nnamespace: Test\nversion: 1\nstructs:\n  TestCatalogue: { fields: [] }\n"),
        new("imported type with a local name", "XTMP023", """
            imports: [common.yaml]
            structs:
              §Shared: { fields: [] }
            """) { Files = { ["common.yaml"] = Common } },
        new("field name twice", "XTMP024", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8 }
                  - { id: 1, name: §a, type: u16 }
            """),
        new("arm name twice", "XTMP024", """
            structs:
              Box: { fields: [] }
            unions:
              U:
                arms:
                  - { tag: 0, name: a, type: Box }
                  - { tag: 1, name: §a, type: Box }
            """),
        new("field id twice", "XTMP025", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8 }
                  - { id: §0, name: b, type: u8 }
            """),
        new("enum value twice", "XTMP025", """
            enums:
              Colour:
                values:
                  red: { value: 1 }
                  green: { value: §0x01 }
            """),
        new("tag twice", "XTMP025", """
            structs:
              Box: { fields: [] }
            unions:
              U:
                arms:
                  - { tag: 7, name: a, type: Box }
                  - { tag: §7, name: b, type: Box }
            """),
        new("reserved twice", "XTMP025", """
            structs:
              Box: { fields: [], reserved: [3-5, §4] }
            """),
        new("reserved id used", "XTMP026", """
            structs:
              Box:
                reserved: [0]
                fields:
                  - { id: §0, name: a, type: u8 }
            """),
        new("reserved name used", "XTMP026", """
            structs:
              Box:
                reserved: [old]
                fields:
                  - { id: 0, name: §old, type: u8 }
            """),
        new("reserved enum value used", "XTMP026", """
            enums:
              Colour:
                reserved: [5-9]
                values:
                  red: { value: §7 }
            """),
        new("reserved code used", "XTMP026", """
            families:
              test: { codes: 0xA0-0xAF, reserved: [0xA3] }
            messages:
              Ping: { kind: one-way, family: test, code: §0xA3, fields: [] }
            """),
        new("id skipped", "XTMP027", """
            structs:
              Box:
                fields:
                  - { id: 0, name: a, type: u8 }
                  - { id: 2, name: §c, type: u8 }
            """),
        new("flag of two bits", "XTMP028", """
            flags:
              Rights:
                values:
                  read: { value: 1 }
                  write: { value: §3 }
            """),
        new("enum without values", "XTMP029", """
            enums:
              Colour: { values: §{} }
            """),
        new("union without arms", "XTMP029", """
            unions:
              U: { arms: §[] }
            """),
        new("handler without methods", "XTMP029", """
            handlers:
              H: { key: $session, methods: §{} }
            """),
    ];

    public const string Common = "protocol: common\nnamespace: Common\nversion: 1\nstructs:\n  Shared: { fields: [] }\n";
}
