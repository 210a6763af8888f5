using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Xtmp.Generator.Tests;

/// <summary>A null array as an optional field: the fault that once made the records of anonymous sessions unreadable.</summary>
public sealed class NullArrayAnalyzerTests
{
    [Theory]
    [InlineData("ReadOnlyMemory<byte>? field = known ? key.ToArray() : null;", true)]
    [InlineData("ReadOnlyMemory<byte>? field = known ? null : key;", true)]
    [InlineData("ReadOnlyMemory<byte>? field = maybe;", true)]
    [InlineData("ReadOnlyMemory<byte>? field = maybe?.ToArray();", true)]
    [InlineData("Memory<byte>? field = maybe;", true)]
    [InlineData("var field = new Record { Identity = known ? key : null };", true)]
    [InlineData("Take(maybe);", true)]
    [InlineData("#nullable disable\nReadOnlyMemory<byte>? field = known ? key : null;", true)]
    [InlineData("ReadOnlyMemory<byte>? field = key;", false)]
    [InlineData("ReadOnlyMemory<byte>? field = maybe is null ? default(ReadOnlyMemory<byte>?) : maybe;", false)]
    [InlineData("ReadOnlyMemory<byte>? field = known ? key.AsMemory() : null;", false)]
    [InlineData("ReadOnlyMemory<byte>? field = null;", false)]
    [InlineData("ReadOnlyMemory<byte> field = maybe;", false)] // Empty is all that it can be.
    [InlineData("if (maybe is not null) { Take(maybe); }", false)]
    public async Task A_null_array_is_no_absent_memory(string code, bool isFound)
    {
        var source = $$"""
            using System;
            using System.Linq;

            class Record { public ReadOnlyMemory<byte>? Identity { get; init; } }

            static class Program
            {
                static void Take(ReadOnlyMemory<byte>? bytes) { }

                static void Run(bool known, byte[] key, byte[]? maybe)
                {
                    {{code}}
                }
            }
            """;
        var compilation = GeneratorRun.Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.CSharp13)));
        Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error));
        var found = await compilation.WithAnalyzers([new NullArrayAnalyzer()]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(isFound ? [NullArrayAnalyzer.Id] : ImmutableArray<string>.Empty, found.Select(d => d.Id));
    }
}
