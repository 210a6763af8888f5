using Microsoft.CodeAnalysis;
using Xtmp.Schema.Tests;

namespace Xtmp.Generator.Tests;

/// <summary>Mistakes in schemas, as the compiler shows them.</summary>
public sealed class DiagnosticTests
{
    private static readonly DiagnosticCase[] Cases =
        [.. TextCases.All(), .. KeyCases.All(), .. TypeCases.All(), .. MessageCases.All(), .. LimitCases.All()];

    public static TheoryData<string> CaseNames => [.. Cases.Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Reports_each_mistake_once_at_its_place_and_nothing_else(string name)
    {
        var mistake = Cases.Single(c => c.ToString() == name);
        var run = new GeneratorRun();
        foreach (var (path, text) in mistake.Files)
        {
            run.With(path, text);
        }

        run.With("test.yaml", mistake.Text);

        var found = run.Result.Diagnostics.Where(d => d.Location.GetLineSpan().Path == "test.yaml").ToArray();
        var diagnostic = Assert.Single(found);
        var start = diagnostic.Location.GetLineSpan().StartLinePosition;
        Assert.Equal($"{mistake.Id} at {mistake.Place.Line}:{mistake.Place.Column}", $"{diagnostic.Id} at {start.Line + 1}:{start.Character + 1}");
        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        if (mistake.Suggestion is not null)
        {
            Assert.Contains($"Did you mean '{mistake.Suggestion}'?", diagnostic.GetMessage());
        }
    }

    /// <summary>What a project does with the schema: enough of it that a missing type would show many times.</summary>
    private const string UserCode = """
        using System;
        using System.Collections.Generic;
        using System.Threading.Tasks;
        using Shop.Messages;
        using Xtmp.Protocol;

        class Handler : IOrderHandler
        {
            public ValueTask<PlaceOrderReply> PlaceAsync(PlaceOrder request, CallContext context = default) =>
                request.ShipTo.Count == 0 || request.Customer == Guid.Empty ? throw new OutOfStockException(new OutOfStock { Article = "a" }) : new(new PlaceOrderReply { AcceptedAt = default, ShipsWithin = request.Payment.Match(_ => TimeSpan.Zero, _ => TimeSpan.Zero, _ => TimeSpan.Zero) });

            public ValueTask RingAsync(Ring request, CallContext context = default) => default;

            public IAsyncEnumerable<OrderEvent> WatchAsync(WatchOrder request, CallContext context = default) => throw new InvalidOperationException();

            public static PlaceOrder Order(Guid customer) => new()
            {
                OrderId = new byte[16], Customer = customer, ShipTo = [Here()], Payment = new Voucher { SecretCode = new byte[16] }, Items = default, Total = 3, Size = Size.Small, Wrapping = Wrapping.Paper,
            };

            public static async Task Use(OrderClient client)
            {
                var reply = await client.PlaceAsync(Order(Guid.NewGuid()));
                Console.WriteLine(reply.AcceptedAt);
                await foreach (var change in client.WatchAsync(new WatchOrder { OrderId = new byte[16] }))
                {
                    Console.WriteLine(change.At);
                }
            }

            public static Address Here() => new() { Street = "Main 1", Country = "DE", Door = 3 };

            public static int Count() => OrderMethods.All.Count + ShopCatalogue.Messages.Count + (int)Size.Large + (int)Wrapping.Ribbon;
        }
        """;

    [Theory]
    [InlineData("type: uuid", "type: uid", "XTMP030")]
    [InlineData("type: list<Address>", "type: list<Adress>", "XTMP030")]
    [InlineData("reply: PlaceOrderReply", "reply: PlaceOrderRepl", "XTMP050")]
    [InlineData("stream: OrderEvent", "stream: OrderEvents", "XTMP050")]
    [InlineData("code: 1000", "code: 100", "XTMP014")]
    [InlineData("code: 0xA1", "code: 0xA0", "XTMP040")]
    [InlineData("{ id: 1, name: country", "{ id: 0, name: country", "XTMP025", 1)]
    [InlineData("max: 200, since: 2", "min: 300, max: 200, since: 2", "XTMP036")]
    [InlineData("pattern: \"[A-Z]{2}\"", "pattern: \"[A-Z{2}\"", "XTMP037")]
    [InlineData("default: large", "default: medium", "XTMP034")]
    [InlineData("    key: order_id", "    key: order", "XTMP052")]
    [InlineData("unit: cents", "units: cents", "XTMP010")]
    [InlineData("ribbon: { value: 2,", "ribbon: { value: 1,", "XTMP025", 1)]
    [InlineData("family: shop\n    code: 0xA2", "family: shoe\n    code: 0xA2", "XTMP043")]
    [InlineData("tag: 1, name: invoice", "tag: 0, name: invoice", "XTMP025", 2)]
    public void A_mistake_does_not_flood_the_code_that_uses_the_schema(string before, string after, string id, int consequences = 0)
    {
        Assert.Contains(before, Shop.Text);
        var sound = new GeneratorRun(UserCode).With(Shop.Path, Shop.Text);
        Assert.True(sound.CompilerDiagnostics.IsEmpty, string.Join("\n", sound.CompilerDiagnostics));

        var run = new GeneratorRun(UserCode).With(Shop.Path, Shop.Text.Replace(before, after, StringComparison.Ordinal));

        Assert.All(run.Result.Diagnostics, diagnostic => Assert.Equal(id, diagnostic.Id));
        Assert.NotEmpty(run.Result.Diagnostics);
        Assert.True(run.CompilerDiagnostics.Length <= consequences, string.Join("\n", run.CompilerDiagnostics));
    }

    [Fact]
    public void A_deprecated_field_may_be_required_without_a_warning()
    {
        var run = new GeneratorRun().With(Shop.Path, Shop.Text.Replace("{ id: 0, name: street,", "{ id: 0, deprecated: Old., name: street,", StringComparison.Ordinal));

        Assert.Empty(run.Result.Diagnostics);
        Assert.Empty(run.CompilerDiagnostics);
    }

    [Fact]
    public void Reports_a_name_that_two_files_declare_and_generates_the_first()
    {
        const string schema = "protocol: {0}\nnamespace: Test\nversion: 1\nstructs:\n  Address:\n    doc: An address.\n    fields:\n      - { id: 0, name: street, type: string, doc: \"Street.\" }\n";
        var run = new GeneratorRun().With("b.yaml", Fill(schema, "beta")).With("a.yaml", Fill(schema, "alpha"));

        var diagnostic = Assert.Single(run.Result.Diagnostics);
        Assert.Equal("XTMP080", diagnostic.Id);
        Assert.Equal("b.yaml", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(4, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Contains("a.yaml", diagnostic.GetMessage());
        Assert.Empty(run.CompilerDiagnostics);
        Assert.Contains("Test.Address.g.cs", run.Sources.Keys);
    }

    [Fact]
    public void Reports_names_that_differ_only_in_case()
    {
        var run = new GeneratorRun().With(
            "a.yaml",
            "protocol: alpha\nnamespace: Test\nversion: 1\nstructs:\n  Ipv:\n    doc: One.\n    fields: []\n  IPv:\n    doc: Other.\n    fields: []\n");

        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        Assert.Equal("XTMP023", Assert.Single(run.Result.Diagnostics).Id);
    }

    [Theory]
    [InlineData("protocol: alpha", "protocl: alpha", "XTMP010")]
    [InlineData("protocol: alpha", "protocol : alpha", null)]
    [InlineData("protocol: alpha", "Protocol: alpha", "XTMP010")]
    [InlineData("protocol: alpha\n", "", "XTMP011")]
    [InlineData("protocol: alpha\nnamespace: Test\n", "", "nothing")]
    public void A_schema_without_its_protocol_is_told(string before, string after, string? id)
    {
        const string schema = "protocol: alpha\nnamespace: Test\nversion: 1\nstructs:\n  One:\n    doc: One.\n    fields: []\n";
        var run = new GeneratorRun(marked: false).With("a.yaml", schema.Replace(before, after, StringComparison.Ordinal));

        Assert.Empty(run.CompilerDiagnostics);
        if (id == "nothing")
        {
            // A file of somebody else's.
            Assert.Empty(run.Result.Diagnostics);
            Assert.Empty(run.Sources);
        }
        else
        {
            Assert.Equal(id, run.Result.Diagnostics.SingleOrDefault()?.Id);
        }
    }

    [Theory]
    [InlineData("Test", "Test")]
    [InlineData("Test", "Other")]
    public void Reports_two_files_of_one_protocol(string first, string second)
    {
        const string schema = "protocol: alpha\nnamespace: {0}\nversion: 1\nstructs:\n  In{1}:\n    doc: One.\n    fields: []\n";
        var run = new GeneratorRun()
            .With("a.yaml", Fill(schema, first).Replace("{1}", "A", StringComparison.Ordinal))
            .With("b.yaml", Fill(schema, second).Replace("{1}", "B", StringComparison.Ordinal));

        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        var diagnostic = Assert.Single(run.Result.Diagnostics);
        Assert.Equal("XTMP081", diagnostic.Id);
        Assert.Equal("b.yaml", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(0, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
    }

    /// <summary>What AddXtmpGrain asks of a grain class: one handler interface, and not none.</summary>
    [Theory]
    [InlineData("class Grain : Serves", 0)]
    [InlineData("class Grain", 1)]
    [InlineData("class Grain : Serves, IOtherHandler", 1)]
    public void A_class_registers_for_the_one_handler_that_it_implements(string declaration, int errors)
    {
        const string code = """
            using System.Threading.Tasks;
            using Shop.Messages;
            using Xtmp.Protocol;

            abstract class Serves : IOrderHandler
            {
                public ValueTask<PlaceOrderReply> PlaceAsync(PlaceOrder request, CallContext context = default) => default;

                public ValueTask RingAsync(Ring request, CallContext context = default) => default;

                public System.Collections.Generic.IAsyncEnumerable<OrderEvent> WatchAsync(WatchOrder request, CallContext context = default) => null!;
            }

            interface IOtherHandler : IXtmpHandler
            {
                static System.Collections.Generic.IReadOnlyList<MethodDescriptor> IXtmpHandler.Methods => [];
            }

            {0}
            {
            }

            static class Registration
            {
                static int Add<T>() where T : IXtmpHandler => T.Methods.Count;

                static int Register() => Add<Grain>();
            }
            """;
        var run = new GeneratorRun(Fill(code, declaration)).With(Shop.Path, Shop.Text);
        Assert.True(run.CompilerDiagnostics.Length == errors, string.Join("\n", run.CompilerDiagnostics));
    }

    [Fact]
    public void The_release_files_list_every_diagnostic()
    {
        var files = Path.Combine(Repository.Root, "generators", "Xtmp.Generator");
        var listed = File.ReadLines(Path.Combine(files, "AnalyzerReleases.Shipped.md"))
            .Concat(File.ReadLines(Path.Combine(files, "AnalyzerReleases.Unshipped.md")))
            .Where(line => line.StartsWith("XTMP", StringComparison.Ordinal))
            .Select(line => string.Join(" | ", line.Split('|').Select(part => part.Trim())))
            .ToArray();
        var rules = Schema.SchemaRules.All.Select(rule => $"{rule.Id} | Xtmp.Schema | {rule.Severity} | {rule.Title}")
            .Append("XTMP080 | Xtmp.Schema | Error | Two declarations generate one C# name")
            .Append("XTMP081 | Xtmp.Schema | Error | Two schemas of one protocol")
            .Append("XTMP082 | Xtmp.Usage | Warning | A null array becomes empty bytes");

        Assert.Equal(rules.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static string Fill(string format, string value) => format.Replace("{0}", value, StringComparison.Ordinal);
}
