using Microsoft.CodeAnalysis;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// Schema files (YAML among the additional files) to C#. Three stages: <see cref="SchemaParse"/> reads a file into a model
/// without positions and a list of diagnostics with them; the model is split into the parts that one output file each needs;
/// the emitters print those parts. A part that compares equal to the last one is not printed again.
/// </summary>
[Microsoft.CodeAnalysis.Generator(LanguageNames.CSharp)]
public sealed class XtmpGenerator : IIncrementalGenerator
{
    public const string FilesStep = "SchemaFiles";
    public const string ParseStep = "SchemaParse";
    public const string DiagnosticsStep = "Diagnostics";
    public const string CollisionsStep = "Collisions";
    public const string ModelsStep = "Models";
    public const string EnumsStep = "Enums";
    public const string StructsStep = "Structs";
    public const string UnionsStep = "Unions";
    public const string MessagesStep = "Messages";
    public const string HandlersStep = "Handlers";
    public const string CataloguesStep = "Catalogues";

    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Combine(context.AnalyzerConfigOptionsProvider)
            .Select(static (pair, cancellation) => SchemaFile.From(pair.Left, pair.Right, cancellation))
            .Where(static file => file is not null)
            .Select(static (file, _) => file!)
            .WithTrackingName(FilesStep);
        var all = files.Collect().Select(static (array, _) => new EquatableArray<SchemaFile>(array));
        var parsed = files.Combine(all)
            .Select(static (pair, cancellation) => SchemaParse.Read(pair.Left, pair.Right, cancellation))
            .WithTrackingName(ParseStep);

        context.RegisterSourceOutput(
            parsed.SelectMany(static (parse, _) => parse.Diagnostics).WithTrackingName(DiagnosticsStep),
            static (output, diagnostic) => output.ReportDiagnostic(SchemaDescriptors.ToDiagnostic(diagnostic)));

        var collisions = parsed.Select(static (parse, _) => parse.Names).Collect().Select(static (names, _) => NameClaims.Collisions(names));
        context.RegisterSourceOutput(
            collisions.SelectMany(static (all, _) => all).WithTrackingName(CollisionsStep),
            static (output, collision) => output.ReportDiagnostic(SchemaDescriptors.ToDiagnostic(collision.ToDiagnostic())));

        var models = parsed.Combine(collisions)
            .Select(static (pair, _) => SchemaParse.WithoutCollisions(pair.Left, pair.Right))
            .Where(static model => model is not null)
            .Select(static (model, _) => model!)
            .WithTrackingName(ModelsStep);
        context.RegisterSourceOutput(
            models.SelectMany(static (model, _) => model.Enums.OrderBy(part => part.Name, StringComparer.Ordinal)).WithTrackingName(EnumsStep),
            static (output, model) => output.AddSource(HintName(model.Namespace, model.Name), EnumEmitter.Emit(model)));
        context.RegisterSourceOutput(
            models.SelectMany(static (model, _) => model.Structs.OrderBy(part => part.Name, StringComparer.Ordinal)).WithTrackingName(StructsStep),
            static (output, model) => output.AddSource(HintName(model.Namespace, model.Name), RecordEmitter.Emit(model, null)));
        context.RegisterSourceOutput(
            models.SelectMany(static (model, _) => model.Unions.OrderBy(part => part.Name, StringComparer.Ordinal)).WithTrackingName(UnionsStep),
            static (output, model) => output.AddSource(HintName(model.Namespace, model.Name), UnionEmitter.Emit(model)));
        context.RegisterSourceOutput(
            models.SelectMany(static (model, _) => model.Messages.OrderBy(part => part.Name, StringComparer.Ordinal)).WithTrackingName(MessagesStep),
            static (output, model) => output.AddSource(HintName(model.Shape.Namespace, model.Name), RecordEmitter.Emit(model.Shape, model)));
        context.RegisterSourceOutput(
            models.SelectMany(static (model, _) => model.Handlers.OrderBy(part => part.Name, StringComparer.Ordinal).Select(InOrder)).WithTrackingName(HandlersStep),
            static (output, model) => output.AddSource(HintName(model.Namespace, model.Name + "Handler"), HandlerEmitter.Emit(model)));
        context.RegisterSourceOutput(
            models.Where(static model => model.Protocol.Length > 0).Select(static (model, _) => CatalogueModel.Of(model)).WithTrackingName(CataloguesStep),
            static (output, model) => output.AddSource(HintName(model.Namespace, model.TypeName), CatalogueEmitter.Emit(model)));
    }

    /// <summary>
    /// Parts go by name, not by their place in the file: what moves there stays where it is here, and is not printed again.
    /// </summary>
    private static HandlerModel InOrder(HandlerModel handler) =>
        handler with { Methods = new EquatableArray<MethodModel>(handler.Methods.OrderBy(method => method.Name, StringComparer.Ordinal)) };

    private static string HintName(string ns, string name) => ns + "." + name + ".g.cs";
}
