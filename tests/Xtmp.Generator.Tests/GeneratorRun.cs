using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Xtmp.Generator.Tests;

/// <summary>The generator over schema files in memory, run again and again by the same driver as an editor would.</summary>
internal sealed class GeneratorRun
{
    private static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "netstandard.dll" or "Microsoft.CSharp.dll" or "Xtmp.Protocol.dll"))
            .Select(path => MetadataReference.CreateFromFile(path))];

    /// <summary>All runs begin with this one, so that the platform's own types are read once and not once a test.</summary>
    public static readonly CSharpCompilation Empty = CSharpCompilation.Create(
        "Tests", [], References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: false));

    private readonly Dictionary<string, InMemoryText> _files = new(StringComparer.Ordinal);
    private CSharpCompilation _compilation;
    private GeneratorDriver _driver;

    /// <param name="userCode">Code of the project.</param>
    /// <param name="marked">Whether files say XtmpSchema="true".</param>
    public GeneratorRun(string? userCode = null, bool marked = true)
    {
        _compilation = userCode is null ? Empty : Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(userCode, new CSharpParseOptions(LanguageVersion.CSharp13)));
        _driver = CSharpGeneratorDriver.Create(
            [new XtmpGenerator().AsSourceGenerator()],
            parseOptions: new CSharpParseOptions(LanguageVersion.CSharp13),
            optionsProvider: new MarkedAsSchemas(marked),
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
    }

    public GeneratorRunResult Result { get; private set; }

    /// <summary>What the compiler says of user code and generated code together, hidden things left out.</summary>
    public ImmutableArray<Diagnostic> CompilerDiagnostics { get; private set; }

    /// <summary>Generated files by hint name.</summary>
    public IReadOnlyDictionary<string, string> Sources => Result.GeneratedSources.ToDictionary(s => s.HintName, s => s.SourceText.ToString());

    /// <summary>Adds a file or puts a new text in its place, and runs the generator.</summary>
    public GeneratorRun With(string path, string text)
    {
        var next = new InMemoryText(path, text);
        _driver = _files.TryGetValue(path, out var before) ? _driver.ReplaceAdditionalText(before, next) : _driver.AddAdditionalTexts([next]);
        _files[path] = next;
        return Run();
    }

    /// <summary>Adds a C# file, as a person typing elsewhere in the project would, and runs the generator.</summary>
    public GeneratorRun WithCode(string code)
    {
        _compilation = _compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.CSharp13)));
        return Run();
    }

    public GeneratorRun Run()
    {
        _driver = _driver.RunGeneratorsAndUpdateCompilation(_compilation, out var output, out _);
        Result = _driver.GetRunResult().Results.Single();
        CompilerDiagnostics = [.. WithNullableWarnings(output).GetDiagnostics().Where(d => d.Severity > DiagnosticSeverity.Info)];
        return this;
    }

    /// <summary>Generated code turns these warnings off where it is used; here they count.</summary>
    private static Compilation WithNullableWarnings(Compilation output) =>
        output.SyntaxTrees.Where(tree => tree.FilePath.EndsWith(".g.cs", StringComparison.Ordinal)).Aggregate(output, (all, tree) => all.ReplaceSyntaxTree(
            tree, CSharpSyntaxTree.ParseText(tree.ToString().Replace("#nullable disable warnings", "#nullable enable warnings", StringComparison.Ordinal), (CSharpParseOptions)tree.Options, tree.FilePath)));

    /// <summary>The reasons for which the outputs of a step came, for example New, Cached, Modified.</summary>
    public IEnumerable<IncrementalStepRunReason> Reasons(string step) =>
        Result.TrackedSteps.TryGetValue(step, out var runs) ? runs.SelectMany(run => run.Outputs).Select(output => output.Reason) : [];

    /// <summary>How many files were printed in the last run rather than taken from the cache.</summary>
    public int Printed =>
        Result.TrackedOutputSteps.SelectMany(pair => pair.Value).SelectMany(run => run.Outputs)
            .Count(output => output.Reason is IncrementalStepRunReason.New or IncrementalStepRunReason.Modified);

    /// <summary>Every additional file says XtmpSchema="true", so that the generator looks at it even where it is no schema; or none does.</summary>
    private sealed class MarkedAsSchemas(bool all) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options(false);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new Options(all);

        private sealed class Options(bool marked) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
            {
                value = marked && key == "build_metadata.AdditionalFiles.XtmpSchema" ? "true" : null;
                return value is not null;
            }
        }
    }

    private sealed class InMemoryText(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text, Encoding.UTF8);
    }
}
