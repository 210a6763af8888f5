using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Xtmp.Generator;

/// <summary>
/// Finds an array that may be null where an optional <c>ReadOnlyMemory</c> is meant, as in <c>known ? key.ToArray() : null</c>:
/// the null converts to empty memory that is present, so that an absent field is sent as an empty one.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class NullArrayAnalyzer : DiagnosticAnalyzer
{
    public const string Id = "XTMP082";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "A null array becomes empty bytes",
        "This array may be null, and as an optional {0} it is then empty and present: say 'default({0}?)' for what is absent",
        "Xtmp.Usage",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rule];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Analyze, OperationKind.Conversion);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        var conversion = (IConversionOperation)context.Operation;
        if (conversion.OperatorMethod is not { Name: "op_Implicit", ContainingType: { Name: "ReadOnlyMemory" or "Memory", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } } memory } operation
            || operation.Parameters[0].Type is not IArrayTypeSymbol
            || !(IsOptional(conversion.Type) || conversion.Parent is IConversionOperation outer && IsOptional(outer.Type))
            || !MayBeNull(conversion))
        {
            return;
        }

        context.ReportDiagnostic(Diagnostic.Create(Rule, conversion.Operand.Syntax.GetLocation(), memory.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)));
    }

    private static bool IsOptional(ITypeSymbol? type) => type?.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;

    private static bool MayBeNull(IConversionOperation conversion) =>
        conversion.SemanticModel?.GetTypeInfo(conversion.Operand.Syntax).Nullability.FlowState == NullableFlowState.MaybeNull
        || conversion.Operand is IConditionalOperation { WhenFalse: { } no } choice && (IsNull(choice.WhenTrue) || IsNull(no));

    private static bool IsNull(IOperation operation) => operation.ConstantValue is { HasValue: true, Value: null };
}
