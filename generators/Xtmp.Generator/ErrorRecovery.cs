using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// What can be generated from a schema with errors. The build fails by the schema's own diagnostics; if its types were
/// missing as well, every use of them in the project would be an error more, and the one that matters would drown. So all
/// that still compiles is generated: what has a proper name of its own and types that exist, without the limits.
/// </summary>
internal static class ErrorRecovery
{
    public static SchemaModel? Of(SchemaModel? draft)
    {
        if (draft is null || draft.Namespace.Split('.').Any(part => !IsIdentifier(part)))
        {
            return null;
        }

        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var catalogue = Clr.Pascal(draft.Protocol) + "Catalogue";
        var hasCatalogue = IsIdentifier(catalogue) && draft.Protocol.Length > 0 && taken.Add(catalogue) && taken.Add(Clr.Pascal(draft.Protocol) + "Errors");
        var enums = draft.Enums.Where(e => Claim(taken, e.Name, e.Name + "Names")).Select(Enum).ToList();
        var structs = draft.Structs.Where(s => Claim(taken, s.Name, s.Name + "Codec")).ToList();
        var unions = draft.Unions.Where(u => Claim(taken, u.Name, u.Name + "Codec")).ToList();
        var messages = draft.Messages.Where(m => m.ErrorCode == 0 ? Claim(taken, m.Name, m.Name + "Codec") : Claim(taken, m.Name, m.Name + "Codec", m.Name + "Exception")).ToList();
        var handlers = draft.Handlers
            .Where(h => Claim(taken, "I" + h.Name + "Handler", h.Name + "Handler", h.Name + "Client", h.Name + "Methods"))
            .ToList();

        var enumNames = new HashSet<string>(enums.Select(e => e.Name), StringComparer.Ordinal);
        var structNames = new HashSet<string>(structs.Select(s => s.Name).Concat(unions.Select(u => u.Name)), StringComparer.Ordinal);
        bool Exists(NamedTypeModel type) => type.Namespace != draft.Namespace
            || (type.Kind is NamedTypeKind.Enum or NamedTypeKind.Flags ? enumNames : structNames).Contains(type.Name);
        structs = structs.ConvertAll(s => Struct(s, Exists));
        messages = messages.ConvertAll(m => m with { Shape = Struct(m.Shape, Exists) });
        var shapes = messages.ToDictionary(m => m.Name, m => m.Shape, StringComparer.Ordinal);
        return draft with
        {
            Protocol = hasCatalogue ? draft.Protocol : "",
            Enums = new EquatableArray<EnumModel>(enums),
            Structs = new EquatableArray<StructModel>(structs),
            Unions = new EquatableArray<UnionModel>(unions.Select(u => Union(u, Exists))),
            Messages = new EquatableArray<MessageModel>(messages),
            Handlers = new EquatableArray<HandlerModel>(handlers.Select(h => Handler(h, shapes) with { HasErrors = hasCatalogue && messages.Any(m => m.ErrorCode != 0) })),
        };
    }

    private static bool Claim(HashSet<string> taken, params string[] names) =>
        names.All(IsIdentifier) && !names.Any(taken.Contains) && names.All(taken.Add);

    /// <summary>A capital and then letters and digits: never a keyword of C#.</summary>
    private static bool IsIdentifier(string name) =>
        name.Length > 0 && name[0] is (>= 'A' and <= 'Z') && name.All(c => c is (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= '0' and <= '9'));

    private static EnumModel Enum(EnumModel model)
    {
        var max = IntegerRange.Of(model.Underlying)!.Value.Max;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<ulong>();
        return model with
        {
            Values = new EquatableArray<EnumValueModel>(model.Values.Where(v =>
                v.Value <= max && IsIdentifier(v.ClrName) && texts.Add(v.Name) && names.Add(v.ClrName) && numbers.Add(v.Value))),
        };
    }

    private static StructModel Struct(StructModel model, Func<NamedTypeModel, bool> exists)
    {
        var names = new HashSet<string>(ReservedNames.StructMembers, StringComparer.Ordinal) { model.Name };
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var ids = new HashSet<int>();
        var fields = model.Fields
            .Where(f => f.Id is >= 0 and <= SchemaLimits.MaxFieldId && Resolves(f.Type, exists) && IsIdentifier(f.ClrName))
            .Where(f => texts.Add(f.Name) && names.Add(f.ClrName) && ids.Add(f.Id))
            .OrderBy(f => f.Id)
            .Select(f => f with { Type = Unlimited(f.Type), Default = f.Default is { Member: not null } ? null : f.Default })
            .ToList();

        // What has no type, or none that is generated, still has a name that code uses.
        var rest = model.UnreadableFields
            .Concat(model.Fields.Select(f => new UnreadableMember(f.ClrName, f.Type.Kind == TypeKind.List)))
            .Where(f => IsIdentifier(f.ClrName) && names.Add(f.ClrName));
        return model with { Fields = new EquatableArray<FieldModel>(fields), UnreadableFields = new EquatableArray<UnreadableMember>(rest) };
    }

    private static UnionModel Union(UnionModel model, Func<NamedTypeModel, bool> exists)
    {
        var names = new HashSet<string>(ReservedNames.UnionMembers, StringComparer.Ordinal);
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var tags = new HashSet<int>();
        return model with
        {
            Arms = new EquatableArray<UnionArmModel>(model.Arms
                .Where(a => a.Tag is >= 0 and <= SchemaLimits.MaxTag && a.Type.Kind == NamedTypeKind.Struct && exists(a.Type) && IsIdentifier(a.ClrName))
                .Where(a => texts.Add(a.Name) && names.Add(a.ClrName) && tags.Add(a.Tag))
                .OrderBy(a => a.Tag)),
        };
    }

    private static HandlerModel Handler(HandlerModel model, IReadOnlyDictionary<string, StructModel> messages)
    {
        var names = new HashSet<string>(ReservedNames.HandlerMembers, StringComparer.Ordinal);
        var methods = model.Methods
            .Where(m => messages.ContainsKey(m.Request.Name) && (m.Reply is null || messages.ContainsKey(m.Reply.Name)))
            .Where(m => IsIdentifier(m.Name) && names.Add(m.Name))
            .Select(m => m.Key.Source == KeySource.Field && messages[m.Request.Name].Fields.All(f => f.ClrName != m.Key.ClrName || f.Optional)
                ? m with { Key = new KeyModel(KeySource.Session, null, null, null) }
                : m)
            .ToList();
        var rest = model.UnreadableMethods
            .Concat(model.Methods.Select(m => new UnreadableMember(m.Name, m.Kind == MethodKind.Stream)))
            .Where(m => IsIdentifier(m.ClrName) && names.Add(m.ClrName));
        return model with { Methods = new EquatableArray<MethodModel>(methods), UnreadableMethods = new EquatableArray<UnreadableMember>(rest) };
    }

    private static bool Resolves(TypeModel type, Func<NamedTypeModel, bool> exists) =>
        (type.Named is null || exists(type.Named))
        && (type.Element is null || Resolves(type.Element, exists))
        && (type.Key is null || Resolves(type.Key, exists));

    /// <summary>Limits that do not fit their type would not compile, and nothing here is ever run.</summary>
    private static TypeModel Unlimited(TypeModel type) => type with
    {
        Min = null,
        Max = null,
        MinNumber = null,
        MaxNumber = null,
        Pattern = null,
        MinLength = 0,
        MaxLength = Math.Max(0, type.MaxLength),
        Element = type.Element is null ? null : Unlimited(type.Element),
        Key = type.Key is null ? null : Unlimited(type.Key),
    };
}
