namespace Xtmp.Schema.Tests;

public sealed class EncodedSizeTests
{
    private const string Head = """
        protocol: test
        namespace: Test
        version: 1
        enums:
          Wide: { type: u32, values: { a: { value: 0 } } }
        structs:
          Pair: { fields: [{ id: 0, name: a, type: u8 }, { id: 2, name: b, type: bool }], reserved: [1] }
          Node: { fields: [{ id: 0, name: next, type: Node? }] }
        unions:
          Either: { arms: [{ tag: 0, name: pair, type: Pair }] }
        messages:
          Sized:
            kind: one-way
            code: 0xA0
            fields:

        """;

    [Theory]
    [InlineData("[]", 1)]
    [InlineData("[{ id: 0, name: a, type: bool }]", 2)]
    [InlineData("[{ id: 0, name: a, type: u8 }, { id: 1, name: b, type: u16? }, { id: 2, name: c, type: i64 }]", 1 + 2 + 3 + 9)]
    [InlineData("[{ id: 0, name: a, type: string, max: 31 }]", 1 + 1 + 31)]
    [InlineData("[{ id: 0, name: a, type: string, max: 32 }]", 1 + 2 + 32)]
    [InlineData("[{ id: 0, name: a, type: bytes, max: 70000 }]", 1 + 5 + 70_000)]
    [InlineData("[{ id: 0, name: a, type: \"bytes[32]\" }]", 1 + 2 + 32)]
    [InlineData("[{ id: 0, name: a, type: Wide }]", 1 + 5)]
    [InlineData("[{ id: 0, name: a, type: Pair }]", 1 + 1 + 2 + 1 + 1)]
    [InlineData("[{ id: 0, name: a, type: Either }]", 1 + 1 + 3 + 5)]
    [InlineData("[{ id: 0, name: a, type: list<u32>, max: 100 }]", 1 + 3 + 500)]
    [InlineData("[{ id: 0, name: a, type: \"map<u8, u128>\", max: 3 }]", 1 + 1 + (3 * 20))]
    [InlineData("[{ id: 0, name: a, type: Node }]", int.MaxValue)]
    [InlineData("[{ id: 0, name: a, type: \"list<bytes>\", max: 65536, items: { max: 65536 } }]", int.MaxValue)]
    public void counts_the_greatest_encoding(string fields, int expected)
    {
        var result = SchemaReader.Read("test.yaml", Head.ReplaceLineEndings("\n") + "      " + fields + "\n", _ => null);
        Assert.Empty(result.Diagnostics);
        Assert.Equal(expected, Assert.Single(result.Model!.Messages).MaxEncodedSize);
    }
}
