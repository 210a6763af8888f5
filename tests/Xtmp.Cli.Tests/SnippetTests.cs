using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xtmp.Cli.Tests.Schema;

namespace Xtmp.Cli.Tests;

/// <summary>Every C# snippet of a README or guide is a program that compiles against what the packages give.</summary>
public sealed partial class SnippetTests
{
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    public static TheoryData<string> Pages() =>
    [
        .. Directory.EnumerateFiles(Repository.Path("."), "*.md", new EnumerationOptions { RecurseSubdirectories = true })
            .Select(f => Path.GetRelativePath(Repository.Path("."), f).Replace('\\', '/'))
            .Where(f => !f.Contains("/bin/", StringComparison.Ordinal) && !f.Contains("/obj/", StringComparison.Ordinal) && File.ReadAllText(Repository.Path(f)).Contains("```csharp", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void snippets_compile(string page)
    {
        string[] snippets = [.. Snippet().Matches(File.ReadAllText(Repository.Path(page))).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(snippets);
        CSharpParseOptions options = new(LanguageVersion.Preview);
        MetadataReference[] references =
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Where(p => !p.EndsWith("Xtmp.Cli.Tests.dll", StringComparison.Ordinal)).Select(p => MetadataReference.CreateFromFile(p)),
        ];
        foreach (string snippet in snippets)
        {
            CSharpCompilation compilation = CSharpCompilation.Create(
                "Snippet",
                [CSharpSyntaxTree.ParseText(snippet, options), CSharpSyntaxTree.ParseText(ImplicitUsings, options)],
                references,
                new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
            Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error));
        }
    }

    [GeneratedRegex("^```csharp\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
