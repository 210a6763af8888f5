using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xtmp.Schema;

namespace Xtmp.Generator.Tests;

/// <summary>
/// Text of a schema never becomes code: every key that takes text, with every character that ends a line, controls a
/// terminal or turns the direction of text.
/// </summary>
public sealed class InjectionTests
{
    private const string Payload = "Injected";

    private static readonly string[] Keys =
    [
        "file doc", "protocol", "namespace", "family doc", "enum doc", "enum deprecated", "value doc", "value deprecated", "flags doc", "struct doc", "struct deprecated",
        "field doc", "field unit", "field deprecated", "field default", "field pattern", "items pattern", "union doc", "union deprecated", "arm doc", "arm deprecated",
        "message doc", "message deprecated", "handler doc", "handler deprecated", "method doc", "method deprecated", "field name", "arm name", "value name", "type name",
        "field type", "method name", "key", "replaced_by",
    ];

    public static TheoryData<string> AllKeys => [.. Keys];

    /// <summary>All controls and line terminators, the bidi marks, and beside them what XML or C# could trip over.</summary>
    private static readonly char[] Characters =
    [
        .. Enumerable.Range(0, 0x20).Select(c => (char)c), .. Enumerable.Range(0x7F, 0x21).Select(c => (char)c),
        '\u2028', '\u2029', '\u061C', '\u200E', '\u200F', '\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069',
        '\u200B', '\uFEFF', '\uFFFE', '\uFFFF', '\uD800', '\uDC00', '"', '\\', '<', '&', '*', '/', '#', '{', '}', '\'',
    ];

    [Theory]
    [MemberData(nameof(AllKeys))]
    public void No_text_of_a_schema_becomes_code(string key)
    {
        // One text with all that the reader refuses, one with all that it takes.
        foreach (var characters in Characters.GroupBy(c => IsRefused(c)))
        {
            var text = string.Concat(characters.Select(c => $"x{c} class {Payload} {{ }} //"));
            var run = new GeneratorRun().With("evil.yaml", Schema(key, text));
            Assert.Null(run.Result.Exception);
            foreach (var (hint, source) in run.Sources)
            {
                Verify(source, $"{key}, {hint}");
            }
        }
    }

    [Fact]
    public void Every_forbidden_character_is_refused_by_the_reader()
    {
        foreach (var character in Characters.Where(IsRefused))
        {
            var result = SchemaReader.Read("evil.yaml", Schema("field doc", $"x{character}y"), _ => null);
            // Escapes of surrogates are refused by the YAML library already.
            var expected = char.IsSurrogate(character) ? SchemaRules.Syntax.Id : SchemaRules.NotText.Id;
            Assert.True(result.Diagnostics.Any(d => d.Id == expected), $"U+{(int)character:X4}");
            Assert.Null(result.Model);
        }
    }

    /// <summary>The emitters alone, without the reader in front of them.</summary>
    [Fact]
    public void Emitters_escape_whatever_the_model_holds()
    {
        var run = Shop.Generate();
        Assert.Empty(run.Result.Diagnostics);
        var model = SchemaReader.Read(Shop.Path, Shop.Text, _ => null).Model!;
        foreach (var character in Characters)
        {
            var evil = $"x{character} class {Payload} {{ }} //";
            var gone = new DeprecationModel(evil, evil);
            foreach (var message in model.Messages)
            {
                var fields = message.Shape.Fields.Select(f => f with
                {
                    Doc = evil,
                    Unit = evil,
                    Deprecated = gone,
                    Default = f.Type.Kind == Xtmp.Schema.TypeKind.String && !f.Optional ? new DefaultModel { Text = evil } : f.Default,
                });
                var shape = message.Shape with { Doc = evil, Deprecated = gone, Fields = new EquatableArray<FieldModel>(fields) };
                Verify(RecordEmitter.Emit(shape, message with { Shape = shape }), $"{message.Name}, U+{(int)character:X4}");
            }

            foreach (var e in model.Enums)
            {
                Verify(EnumEmitter.Emit(e with { Doc = evil, Deprecated = gone, Values = new EquatableArray<EnumValueModel>(e.Values.Select(v => v with { Doc = evil, Deprecated = gone })) }), e.Name);
            }

            foreach (var u in model.Unions)
            {
                Verify(UnionEmitter.Emit(u with { Doc = evil, Deprecated = gone, Arms = new EquatableArray<UnionArmModel>(u.Arms.Select(a => a with { Doc = evil, Deprecated = gone })) }), u.Name);
            }

            foreach (var h in model.Handlers)
            {
                Verify(HandlerEmitter.Emit(h with { Doc = evil, Deprecated = gone, Methods = new EquatableArray<MethodModel>(h.Methods.Select(m => m with { Doc = evil, Deprecated = gone })) }), h.Name);
            }
        }
    }

    private static bool IsRefused(char c) => c is not ('\t' or '\n' or '\u200B' or '\uFEFF') && (c is '\u007F' or < ' ' or > '~');

    /// <summary>The code parses, says nothing of the payload outside of literals and comments, and turns no text around.</summary>
    private static void Verify(string source, string context)
    {
        var tree = CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.CSharp13, DocumentationMode.Diagnose));
        var errors = tree.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning).ToList();
        Assert.True(errors.Count == 0, $"{context}: {string.Join("; ", errors.Take(3))}\n{source}");
        var names = tree.GetRoot().DescendantTokens(descendIntoTrivia: false).Where(t => t.IsKind(SyntaxKind.IdentifierToken) && t.Text == Payload);
        Assert.True(!names.Any(), context);
        Assert.True(tree.GetRoot().DescendantNodes().OfType<BaseTypeDeclarationSyntax>().All(t => t.Identifier.Text != Payload), context);
        Assert.True(!source.Any(c => c != '\n' && (char.IsControl(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)), context);
    }

    private static string Schema(string key, string text)
    {
        var used = 0;
        string At(string name, string usual)
        {
            if (name != key)
            {
                return usual;
            }

            used++;
            return "\"" + string.Concat(text.Select(c => $"\\u{(int)c:x4}")) + "\"";
        }

        var schema = $$"""
            protocol: {{At("protocol", "evil")}}
            namespace: {{At("namespace", "Evil.Messages")}}
            version: 1
            doc: {{At("file doc", "d")}}
            families:
              one: { codes: 0xA0-0xAF, doc: {{At("family doc", "d")}} }
            enums:
              Colour:
                doc: {{At("enum doc", "d")}}
                deprecated: {{At("enum deprecated", "d")}}
                values:
                  {{At("value name", "red")}}: { value: 0, doc: {{At("value doc", "d")}}, deprecated: {{At("value deprecated", "d")}} }
            flags:
              Bits:
                doc: {{At("flags doc", "d")}}
                values:
                  low: { value: 1 }
            structs:
              {{At("type name", "Box")}}:
                doc: {{At("struct doc", "d")}}
                deprecated: {{At("struct deprecated", "d")}}
                fields:
                  - { id: 0, name: {{At("field name", "name")}}, type: {{At("field type", "string")}}, unit: {{At("field unit", "d")}}, doc: {{At("field doc", "d")}}, deprecated: {{At("field deprecated", "d")}}, replaced_by: {{At("replaced_by", "other")}} }
                  - { id: 1, name: other, type: string, default: {{At("field default", "d")}} }
                  - { id: 2, name: third, type: string, pattern: {{At("field pattern", "\"[a-z]*\"")}} }
                  - { id: 3, name: fourth, type: list<string>, items: { pattern: {{At("items pattern", "\"[a-z]*\"")}} } }
            unions:
              Either:
                doc: {{At("union doc", "d")}}
                deprecated: {{At("union deprecated", "d")}}
                arms:
                  - { tag: 0, name: {{At("arm name", "one")}}, type: Box, doc: {{At("arm doc", "d")}}, deprecated: {{At("arm deprecated", "d")}} }
            messages:
              Ask:
                doc: {{At("message doc", "d")}}
                deprecated: {{At("message deprecated", "d")}}
                code: 0xA0
                kind: one-way
                fields:
                  - { id: 0, name: id, type: u8 }
            handlers:
              Asked:
                doc: {{At("handler doc", "d")}}
                deprecated: {{At("handler deprecated", "d")}}
                key: {{At("key", "id")}}
                methods:
                  {{At("method name", "Ask")}}: { request: Ask, one-way: true, doc: {{At("method doc", "d")}}, deprecated: {{At("method deprecated", "d")}} }
            """;
        Assert.Equal(1, used);
        return schema;
    }
}
