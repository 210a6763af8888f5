using Microsoft.CodeAnalysis;

namespace Xtmp.Generator.Tests;

/// <summary>What is printed again, and why, when something changes.</summary>
public sealed class CacheTests
{
    private static readonly string[] ModelSteps =
    [
        XtmpGenerator.EnumsStep, XtmpGenerator.StructsStep, XtmpGenerator.UnionsStep, XtmpGenerator.MessagesStep,
        XtmpGenerator.HandlersStep, XtmpGenerator.CataloguesStep,
    ];

    [Fact]
    public void Everything_is_new_at_first()
    {
        var run = Shop.Generate();

        Assert.Equal(run.Sources.Count, run.Printed);
        Assert.All(ModelSteps, step => Assert.All(run.Reasons(step), reason => Assert.Equal(IncrementalStepRunReason.New, reason)));
        Assert.All(ModelSteps, step => Assert.NotEmpty(run.Reasons(step)));
    }

    [Fact]
    public void Typing_elsewhere_in_the_project_reads_no_schema_again()
    {
        var run = Shop.Generate().WithCode("class Elsewhere { }");

        Assert.Equal(0, run.Printed);
        Assert.All(run.Reasons(XtmpGenerator.FilesStep), IsCached);
        Assert.All(run.Reasons(XtmpGenerator.ParseStep), IsCached);
    }

    [Theory]
    [InlineData("a comment", "structs:\n", "# Structures\nstructs:\n")]
    [InlineData("a comment behind a line", "namespace: Shop.Messages\n", "namespace: Shop.Messages # where it goes\n")]
    [InlineData("a blank line", "messages:\n", "\n\nmessages:\n")]
    [InlineData("other quotes", "doc: \"By voucher.\"", "doc: 'By voucher.'")]
    [InlineData("keys in another order", "{ id: 2, name: door, type: \"u16?\", doc: \"Door.\" }", "{ name: door, id: 2, doc: \"Door.\", type: \"u16?\" }")]
    [InlineData("a flow mapping written as a block", "      - { tag: 0, name: voucher, type: Voucher, doc: \"By voucher.\" }\n", "      - tag: 0\n        name: voucher\n        type: Voucher\n        doc: By voucher.\n")]
    public void Prints_nothing_again_for(string what, string before, string after)
    {
        Assert.Contains(before, Shop.Text);
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace(before, after, StringComparison.Ordinal));

        Assert.True(run.Printed == 0, $"{what}: {run.Printed} files");
        Assert.All(run.Reasons(XtmpGenerator.ModelsStep), IsUnchanged);
        Assert.All(ModelSteps, step => Assert.All(run.Reasons(step), IsUnchanged));
        Assert.Equal(sources, run.Sources);
    }

    [Theory]
    [InlineData("  Ring:\n    doc: Rings the bell.\n    family: shop\n    code: 0xA2\n    kind: one-way\n    fields: []\n", "messages:\n")]
    [InlineData("      Ring: { request: Ring, one-way: true, key: $session, doc: \"Rings.\" }\n", "    methods:\n")]
    [InlineData("      large: { value: 1, doc: \"Large & \\\"roomy\\\" <XL>.\" }\n", "    values:\n")]
    [InlineData("      - { id: 2, name: door, type: \"u16?\", doc: \"Door.\" }\n", "    doc: Where it goes.\n    fields:\n")]
    public void Prints_nothing_again_for_a_declaration_moved_within_its_section(string lines, string after)
    {
        Assert.Contains(lines, Shop.Text);
        Assert.Contains(after, Shop.Text);
        var run = Shop.Generate();
        var sources = run.Sources;
        var without = Shop.Text.Replace(lines, "", StringComparison.Ordinal);
        int at = without.IndexOf(after, StringComparison.Ordinal) + after.Length;
        run.With(Shop.Path, without.Insert(at, lines));

        Assert.Empty(run.Result.Diagnostics);
        Assert.Equal(0, run.Printed);
        Assert.Equal(sources, run.Sources);
    }

    [Fact]
    public void A_doc_text_prints_its_own_file_again_and_no_other()
    {
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace("Street and number.", "Street, number, floor.", StringComparison.Ordinal));

        Assert.Equal(["Shop.Messages.Address.g.cs"], Changed(sources, run.Sources));
        Assert.Equal(1, run.Printed);
        Assert.All(run.Reasons(XtmpGenerator.MessagesStep), IsUnchanged);
        Assert.All(run.Reasons(XtmpGenerator.CataloguesStep), IsUnchanged);
    }

    [Fact]
    public void A_changed_message_prints_itself_and_the_fingerprint()
    {
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace("name: note, type: \"string?\", max: 200", "name: note, type: \"string?\", max: 300", StringComparison.Ordinal));

        Assert.Equal(["Shop.Messages.PlaceOrder.g.cs", "Shop.Messages.ShopCatalogue.g.cs"], Changed(sources, run.Sources));
        Assert.Equal(2, run.Printed);
        Assert.Single(run.Reasons(XtmpGenerator.MessagesStep), reason => reason == IncrementalStepRunReason.Modified);
        Assert.All(run.Reasons(XtmpGenerator.StructsStep), IsUnchanged);
        Assert.All(run.Reasons(XtmpGenerator.HandlersStep), IsUnchanged);
    }

    [Fact]
    public void A_change_inside_a_struct_leaves_the_messages_that_hold_it()
    {
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace("name: door, type: \"u16?\"", "name: door, type: \"i16?\"", StringComparison.Ordinal));

        Assert.Equal(["Shop.Messages.Address.g.cs", "Shop.Messages.ShopCatalogue.g.cs"], Changed(sources, run.Sources));
        Assert.Equal(2, run.Printed);
    }

    [Fact]
    public void A_change_of_a_structs_greatest_size_prints_the_messages_that_hold_it()
    {
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace("name: door, type: \"u16?\"", "name: door, type: \"u32?\"", StringComparison.Ordinal));

        Assert.Equal(["Shop.Messages.Address.g.cs", "Shop.Messages.PlaceOrder.g.cs", "Shop.Messages.ShopCatalogue.g.cs"], Changed(sources, run.Sources));
    }

    [Fact]
    public void Another_file_leaves_the_first_one_alone()
    {
        var run = Shop.Generate();
        run.With("other.yaml", "protocol: other\nnamespace: Other\nversion: 1\nstructs:\n  Thing:\n    doc: A thing.\n    fields: []\n");

        Assert.Equal(2, run.Printed);
        Assert.Contains("Other.Thing.g.cs", run.Sources.Keys);
    }

    [Fact]
    public void A_mistake_and_its_correction_print_what_was_there_before()
    {
        var run = Shop.Generate();
        var sources = run.Sources;
        run.With(Shop.Path, Shop.Text.Replace("type: uuid", "type: uid", StringComparison.Ordinal));
        Assert.Equal("XTMP030", Assert.Single(run.Result.Diagnostics).Id);

        run.With(Shop.Path, Shop.Text);
        Assert.Empty(run.Result.Diagnostics);
        Assert.Equal(sources, run.Sources);
    }

    [Fact]
    public void The_same_text_gives_the_same_bytes()
    {
        Assert.Equal(Shop.Generate().Sources, Shop.Generate().Sources);
        Assert.Equal(Shop.Generate().Sources, new GeneratorRun().With(Shop.Path, Shop.Text.Replace("\n", "\r\n", StringComparison.Ordinal)).Sources);
    }

    private static void IsCached(IncrementalStepRunReason reason) => Assert.Equal(IncrementalStepRunReason.Cached, reason);

    private static void IsUnchanged(IncrementalStepRunReason reason) =>
        Assert.True(reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, reason.ToString());

    private static IEnumerable<string> Changed(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Keys.Union(after.Keys).Where(hint => before.GetValueOrDefault(hint) != after.GetValueOrDefault(hint)).Order(StringComparer.Ordinal);
}
