using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A handler: interface, client, method table.</summary>
internal static class HandlerEmitter
{
    public static string Emit(HandlerModel model)
    {
        var code = SourceFile.Begin(model.Namespace);
        Interface(code, model);
        Client(code, model);
        Methods(code, model);
        return code.ToString();
    }

    private static void Interface(CodeWriter code, HandlerModel model)
    {
        SourceFile.Describe(code, model.Doc, model.Since, model.Deprecated);
        code.Line(SourceFile.Generated);
        code.Open($"public interface I{model.Name}Handler : {SourceFile.Protocol}.IXtmpHandler");
        code.Line($"static global::System.Collections.Generic.IReadOnlyList<{SourceFile.Protocol}.MethodDescriptor> {SourceFile.Protocol}.IXtmpHandler.Methods => {model.Name}Methods.All;");
        foreach (var method in model.Methods)
        {
            code.Gap();
            SourceFile.Describe(code, method.Doc, method.Since, method.Deprecated);
            code.Line(Signature(method) + ";");
        }

        code.Close();
        code.Line();
    }

    private static void Client(CodeWriter code, HandlerModel model)
    {
        SourceFile.Describe(code, model.Doc, model.Since, model.Deprecated, "A client over any call invoker.");
        code.Line(SourceFile.Generated);
        code.Open($"public sealed class {model.Name}Client({SourceFile.Protocol}.ICallInvoker invoker) : I{model.Name}Handler");
        foreach (var method in model.Methods)
        {
            code.Gap();
            code.Line("/// <inheritdoc/>");
            if (method.Deprecated is not null)
            {
                code.Line($"[global::System.Obsolete({CSharpText.Literal(method.Deprecated.Reason)})]");
            }

            var call = method.Kind switch { MethodKind.Unary => "InvokeAsync", MethodKind.Stream => "StreamAsync", _ => "SendAsync" };
            code.Line($"public {Signature(method)} =>");
            code.Indented($"invoker.{call}({model.Name}Methods.{method.Name}, request, context);");
        }

        foreach (var method in model.UnreadableMethods)
        {
            code.Line($"public {(method.IsMany ? "global::System.Collections.Generic.IAsyncEnumerable" : "global::System.Threading.Tasks.ValueTask")}<dynamic> {method.ClrName}Async(params object?[] arguments) => throw new global::System.NotSupportedException();");
        }

        code.Close();
        code.Line();
    }

    private static void Methods(CodeWriter code, HandlerModel model)
    {
        code.Doc($"The methods of I{model.Name}Handler, as call invokers and gateways see them.");
        code.Line(SourceFile.Generated);
        code.Open($"public static class {model.Name}Methods");
        foreach (var method in model.Methods)
        {
            code.Gap();
            SourceFile.Describe(code, method.Doc, method.Since, method.Deprecated);
            code.Line($"public static readonly {Descriptor(method)} {method.Name} = new(");
            code.Indented($"{CSharpText.Literal(model.Kind)},");
            code.Indented($"{CSharpText.Literal(method.Name)},");
            code.Indented($"static (request, context) => {Key(method.Key)},");
            code.Indented($"static (handler, request, context) => ((I{model.Name}Handler)handler).{method.Name}Async(request, context)){Policy(model, method)};");
        }

        code.Gap();
        code.Doc("All of them, by name.");
        code.Line($"public static global::System.Collections.Generic.IReadOnlyList<{SourceFile.Protocol}.MethodDescriptor> All {{ get; }} = [{string.Join(", ", model.Methods.Select(m => m.Name))}];");
        code.Close();
    }

    private static string Signature(MethodModel method)
    {
        var reply = method.Reply is null ? "" : Clr.NameOf(method.Reply);
        var result = method.Kind switch
        {
            MethodKind.Unary => $"global::System.Threading.Tasks.ValueTask<{reply}>",
            MethodKind.Stream => $"global::System.Collections.Generic.IAsyncEnumerable<{reply}>",
            _ => "global::System.Threading.Tasks.ValueTask",
        };
        return $"{result} {method.Name}Async({Clr.NameOf(method.Request)} request, {SourceFile.Protocol}.CallContext context = default)";
    }

    private static string Descriptor(MethodModel method) => method.Kind switch
    {
        MethodKind.Unary => $"{SourceFile.Protocol}.UnaryMethod<{Clr.NameOf(method.Request)}, {Clr.NameOf(method.Reply!)}>",
        MethodKind.Stream => $"{SourceFile.Protocol}.StreamMethod<{Clr.NameOf(method.Request)}, {Clr.NameOf(method.Reply!)}>",
        _ => $"{SourceFile.Protocol}.OneWayMethod<{Clr.NameOf(method.Request)}>",
    };

    private static string Policy(HandlerModel model, MethodModel method)
    {
        var set = new List<string>();
        if (model.HasErrors)
        {
            set.Add($"Errors = {Clr.Pascal(model.Protocol)}Errors.All");
        }
        if (method.AuthenticatesWallet)
        {
            set.Add("AuthenticatesWallet = true");
        }
        if (method.Cost != CostKind.Read)
        {
            set.Add($"Cost = {SourceFile.Protocol}.CallCost.{method.Cost}");
        }
        if (method.Requires != RoleKind.None)
        {
            set.Add($"Requires = {SourceFile.Protocol}.CallerRoles.{method.Requires}");
        }
        return set.Count == 0 ? "" : " { " + string.Join(", ", set) + " }";
    }

    private static string Key(KeyModel key) => key.Source switch
    {
        KeySource.Session => $"{SourceFile.Protocol}.GrainKey.OfSession(context)",
        KeySource.Caller => $"{SourceFile.Protocol}.GrainKey.OfCaller(context)",
        _ => key.Type!.Kind switch
        {
            TypeKind.Enum or TypeKind.Flags => $"{SourceFile.Protocol}.GrainKey.Of((ulong)request.{key.ClrName})",
            TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 => $"{SourceFile.Protocol}.GrainKey.Of((ulong)request.{key.ClrName})",
            TypeKind.I8 or TypeKind.I16 or TypeKind.I32 or TypeKind.I64 => $"{SourceFile.Protocol}.GrainKey.Of((long)request.{key.ClrName})",
            _ => $"{SourceFile.Protocol}.GrainKey.Of(request.{key.ClrName})",
        },
    };
}
