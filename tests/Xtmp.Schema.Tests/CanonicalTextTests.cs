namespace Xtmp.Schema.Tests;

public sealed class CanonicalTextTests
{
    [Theory]
    [InlineData("schema/xtmp.yaml")]
    [InlineData("schema/bitchat.yaml")]
    [InlineData("tests/Xtmp.Schema.Tests/everything.yaml")]
    public void reads_back_what_it_writes(string file)
    {
        var text = CanonicalText.OfEverything(SchemaFiles.Read(file));
        Assert.Equal(text, CanonicalText.OfEverything(CanonicalReader.Read(text)));
    }

    [Fact]
    public void fingerprint_is_the_hash_of_the_wire_text()
    {
        var model = SchemaFiles.Read("schema/xtmp.yaml");
        var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(CanonicalText.OfWire(model)));
        Assert.Equal(hash, SchemaFingerprint.Compute(model));
    }

    /// <summary>What leaves no trace on the wire leaves none in the fingerprint; everything else does.</summary>
    [Theory]
    [InlineData("doc: One of each.", "doc: Another text.", true)]
    [InlineData("stored_as: Questions", "stored_as: Riddles", true)]
    [InlineData("code: 1009", "code: 1010", false)]
    [InlineData("unit: ms", "unit: s", true)]
    [InlineData("version: 2", "version: 3", true)]
    [InlineData("namespace: Test.Everything", "namespace: Test.Something", true)]
    [InlineData("name: inside_only", "name: inside_alone", true)]
    [InlineData("Tell: { request: Tell", "Say: { request: Tell", true)]
    [InlineData("# A comment", "# Another comment", true)]
    [InlineData("max: 40", "max: 41", false)]
    [InlineData("default: 7", "default: 8", false)]
    [InlineData("code: 0xA1", "code: 0xA2", false)]
    [InlineData("name: text", "name: words", false)]
    [InlineData("type: u16, doc: Sixteen", "type: u32, doc: Sixteen", false)]
    [InlineData("secret: true", "secret: false", false)]
    [InlineData("blue: { value: 5", "blue: { value: 6", false)]
    [InlineData("tag: 9", "tag: 8", false)]
    [InlineData("[a-z]+", "[a-y]+", false)]
    [InlineData("idempotent: true", "idempotent: false", false)]
    [InlineData("priority: high", "priority: emergency", false)]
    [InlineData("authentication: wallet", "authentication: session", false)]
    [InlineData("transport: fast", "transport: reliable", false)]
    [InlineData("items: { max: 5 }", "items: { max: 6 }", false)]
    public void fingerprint_covers_what_shapes_the_wire(string from, string to, bool same)
    {
        var text = Repository.Text("tests/Xtmp.Schema.Tests/everything.yaml");
        Assert.Contains(from, text);
        var before = SchemaFingerprint.Compute(Read(text));
        var after = SchemaFingerprint.Compute(Read(text.Replace(from, to, StringComparison.Ordinal)));
        Assert.Equal(same, before.AsSpan().SequenceEqual(after));
    }

    [Fact]
    public void errors_and_kinds_of_grains_are_read_back()
    {
        var model = CanonicalReader.Read(CanonicalText.OfEverything(SchemaFiles.Read("tests/Xtmp.Schema.Tests/everything.yaml")));
        var failure = model.Messages.Single(m => m.Name == "Failure");
        Assert.Equal((1009, 0xFE), ((int)failure.ErrorCode, (int)failure.Code));
        Assert.Equal("Questions", Assert.Single(model.Handlers).Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("xtmp-schema 2\n")]
    [InlineData("xtmp-schema 1\nnonsense\n")]
    [InlineData("xtmp-schema 1\n  0 orphan u8\n")]
    [InlineData("xtmp-schema 1\nstruct A\n  0 a\n")]
    [InlineData("xtmp-schema 1\nstruct A\n  x a u8\n")]
    [InlineData("xtmp-schema 1\nstruct A\n  0 a Missing\n")]
    [InlineData("xtmp-schema 1\nstruct A\n  0 a string(1\n")]
    [InlineData("xtmp-schema 1\nstruct A\n  0 a string(0..9) \"[\"\n")]
    [InlineData("xtmp-schema 1\nmessage M request\n")]
    [InlineData("xtmp-schema 1\nstruct A\nstruct A\n")]
    public void rejects_text_that_is_not_canonical(string text)
    {
        Assert.Throws<FormatException>(() => CanonicalReader.Read(text));
    }

    private static SchemaModel Read(string text) =>
        Assert.IsType<SchemaModel>(SchemaReader.Read("everything.yaml", text, _ => null).Model);
}
