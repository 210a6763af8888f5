using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using Xtmp.Generator;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>generator</c>: what a schema costs a build. A schema of 1,000 messages, each with a string, an integer and bytes of
/// constant length, is generated and compiled in this process; lines are those of one such message.
/// </summary>
internal static class GeneratorBenches
{
    private const int Messages = 1000;

    public static Task RunAsync(BenchContext context)
    {
        // A small schema first, so that the compiler itself is compiled.
        Build(10);
        var (lines, generate, compile, processor) = Build(Messages);
        Report(context, "generator.lines", lines, "lines", 150, "one message of three fields, without documentation of its own");
        Report(context, "generator.generate", generate, "s", null, $"{Messages} messages");
        Report(context, "generator.compile", compile, "s", 25, $"{Messages} messages, emitted to memory with documentation; {processor:0.0} s of processor time");
        return Task.CompletedTask;
    }

    private static (double Lines, double Generate, double Compile, double Processor) Build(int messages)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "Xtmp.Protocol.dll"))
            .Select(path => MetadataReference.CreateFromFile(path));
        var parse = new CSharpParseOptions(LanguageVersion.CSharp13, DocumentationMode.Diagnose);
        var compilation = CSharpCompilation.Create("Bench", [], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new XtmpGenerator().AsSourceGenerator()], [new SchemaText(Schema(messages))], parse);
        var watch = Stopwatch.StartNew();
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out var output, out var diagnostics);
        var generate = watch.Elapsed.TotalSeconds;
        Refuse(diagnostics);
        var processor = Environment.CpuUsage.TotalTime;
        watch.Restart();
        using var assembly = new MemoryStream();
        using var documentation = new MemoryStream();
        Refuse(output.Emit(assembly, xmlDocumentationStream: documentation).Diagnostics);
        var compile = watch.Elapsed.TotalSeconds;
        var message = driver.GetRunResult().Results.Single().GeneratedSources.Single(source => source.HintName.EndsWith(".Message0.g.cs", StringComparison.Ordinal));
        return (message.SourceText.Lines.Count, generate, compile, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    private static void Refuse(ImmutableArray<Diagnostic> diagnostics)
    {
        if (diagnostics.FirstOrDefault(d => d.Severity >= DiagnosticSeverity.Warning) is { } first)
        {
            throw new InvalidOperationException($"The generated code does not compile cleanly: {first}");
        }
    }

    private static string Schema(int messages)
    {
        var text = new StringBuilder("protocol: bench\nnamespace: Bench.Messages\nversion: 1\nmessages:\n");
        for (int i = 0; i < messages; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                  Message{i}:
                    doc: Message {i}.
                    kind: local
                    fields:
                      - {"{"} id: 0, name: name, type: string, min: 1, max: 80, doc: "A name." {"}"}
                      - {"{"} id: 1, name: amount, type: u64, min: 1, doc: "An amount." {"}"}
                      - {"{"} id: 2, name: digest, type: "bytes[32]", doc: "A digest." {"}"}

                """);
        }

        return text.ToString();
    }

    private static void Report(BenchContext context, string name, double value, string unit, double? bar, string note) =>
        context.Report.Add(new BenchResult { Bench = name, Ours = Math.Round(value, 2), Unit = unit, HigherIsBetter = false, Bar = bar, Note = note });

    private sealed class SchemaText(string text) : AdditionalText
    {
        public override string Path => "bench.yaml";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, Encoding.UTF8);
    }
}
