using System.Globalization;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Compares the shapes of types, and goes into those of a field whose type has another name now.</summary>
internal sealed class ShapeComparer(IReadOnlyDictionary<string, object> before, IReadOnlyDictionary<string, object> after, List<BreakingChange> changes)
{
    /// <summary>Pairs of types that are being compared, so that types that hold themselves come to an end.</summary>
    private readonly HashSet<(string, string)> _open = [];

    public void Enum(EnumModel old, EnumModel now, string path)
    {
        if (old.Underlying != now.Underlying)
        {
            Add(BreakingClass.Wire, path, $"was {old.Underlying}, is {now.Underlying}: numbers beyond the smaller are refused.");
        }

        if (old.IsFlags != now.IsFlags)
        {
            Add(BreakingClass.Json, path, old.IsFlags ? "was a flags type, is an enum." : "was an enum, is a flags type.");
        }

        foreach (EnumValueModel value in old.Values)
        {
            string valuePath = $"{path}.{value.Name}";
            if (now.Values.FirstOrDefault(v => v.Name == value.Name) is { } same)
            {
                if (same.Value != value.Value)
                {
                    Add(BreakingClass.Wire, valuePath, string.Create(CultureInfo.InvariantCulture, $"was {value.Value}, is {same.Value}."));
                }
            }
            else
            {
                EnumValueModel? renamed = now.Values.FirstOrDefault(v => v.Value == value.Value);
                Add(BreakingClass.Json, valuePath, renamed is null ? "is gone: its number stays without a name." : $"is now called '{renamed.Name}'.");
            }
        }

        Reserved(old.ReservedValues.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(old.ReservedNames), now.ReservedValues.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(now.ReservedNames), path);
    }

    public void Union(UnionModel old, UnionModel now, string path)
    {
        foreach (UnionArmModel arm in old.Arms)
        {
            string armPath = $"{path}.{arm.Name}";
            if (now.Arms.FirstOrDefault(a => a.Tag == arm.Tag) is not { } same)
            {
                UnionArmModel? moved = now.Arms.FirstOrDefault(a => a.Name == arm.Name);
                Add(BreakingClass.Wire, armPath, moved is null ? "is gone." : string.Create(CultureInfo.InvariantCulture, $"had the tag {arm.Tag}, has {moved.Tag}."));
                continue;
            }

            if (same.Name != arm.Name)
            {
                Add(BreakingClass.Json, armPath, $"is now called '{same.Name}'.");
            }

            Named(arm.Type, same.Type, armPath);
        }

        Reserved(old.ReservedTags.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(old.ReservedNames), now.ReservedTags.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(now.ReservedNames), path);
    }

    public void Fields(StructModel old, StructModel now, string path)
    {
        foreach (FieldModel field in old.Fields)
        {
            string fieldPath = $"{path}.{field.Name}";
            if (now.Fields.FirstOrDefault(f => f.Id == field.Id) is not { } same)
            {
                FieldModel? moved = now.Fields.FirstOrDefault(f => f.Name == field.Name);
                Add(BreakingClass.Wire, fieldPath, moved is null ? "is gone. Deprecate it and leave it in place." : string.Create(CultureInfo.InvariantCulture, $"had the id {field.Id}, has {moved.Id}."));
                continue;
            }

            Field(field, same, fieldPath);
        }

        foreach (FieldModel field in now.Fields.Where(f => f.Required && old.Fields.All(o => o.Id != f.Id)))
        {
            Add(BreakingClass.Wire, $"{path}.{field.Name}", "is new and required: older peers do not send it. Make it optional or give it a default.");
        }

        foreach (FieldModel field in now.Fields.Where(f => old.Fields.All(o => o.Id != f.Id) && old.Fields.Any(o => o.Id > f.Id) && !f.Required))
        {
            Add(BreakingClass.Wire, $"{path}.{field.Name}", "takes an id below existing ones: older peers refuse a value there. Use the next id at the end.");
        }

        Reserved(old.ReservedIds.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(old.ReservedNames), now.ReservedIds.Select(v => v.ToString(CultureInfo.InvariantCulture)).Concat(now.ReservedNames), path);
    }

    private void Field(FieldModel old, FieldModel now, string path)
    {
        if (old.Name != now.Name)
        {
            Add(BreakingClass.Json, path, $"is now called '{now.Name}'.");
        }

        if (old.Optional != now.Optional)
        {
            Add(BreakingClass.Wire, path, old.Optional ? "was optional and is not any more." : "is optional now: older peers refuse it when it is absent.");
        }

        if (old.Default != now.Default)
        {
            Add(BreakingClass.Wire, path, $"had {DefaultText(old)}, has {DefaultText(now)}: an absent field means something else.");
        }

        if (old.Secret != now.Secret)
        {
            Add(BreakingClass.Json, path, now.Secret ? "is secret now and redacted in JSON." : "is no longer secret.");
        }

        Type(old.Type, now.Type, path);
    }

    private void Type(TypeModel old, TypeModel now, string path)
    {
        if (old.Kind != now.Kind || old.FixedLength != now.FixedLength)
        {
            BreakingClass kind = SameBytes(old, now) ? BreakingClass.Json : BreakingClass.Wire;
            Add(kind, path, $"was {old}, is {now}{(kind == BreakingClass.Wire ? "" : "; the bytes are the same")}.");
            return;
        }

        if (Limits(old) != Limits(now))
        {
            Add(BreakingClass.Wire, path, $"was {CanonicalText.OfType(old)}, is {CanonicalText.OfType(now)}: values that one accepts the other refuses.");
        }

        if (old.Named is not null && now.Named is not null)
        {
            Named(old.Named, now.Named, path);
        }

        if (old.Key is not null && now.Key is not null)
        {
            Type(old.Key, now.Key, path + "{key}");
        }

        if (old.Element is not null && now.Element is not null)
        {
            Type(old.Element, now.Element, path + "[]");
        }
    }

    /// <summary>A type of the same name is compared where it is declared; one of another name here, as what it holds.</summary>
    private void Named(NamedTypeModel old, NamedTypeModel now, string path)
    {
        if (old.Name == now.Name || !before.TryGetValue(old.Name, out object? oldType) || !after.TryGetValue(now.Name, out object? nowType))
        {
            return;
        }

        Add(BreakingClass.Source, path, $"was {old.Name}, is {now.Name}.");
        if (!_open.Add((old.Name, now.Name)))
        {
            return;
        }

        switch (oldType, nowType)
        {
            case (StructModel a, StructModel b):
                Fields(a, b, path);
                break;
            case (UnionModel a, UnionModel b):
                Union(a, b, path);
                break;
            case (EnumModel a, EnumModel b):
                Enum(a, b, path);
                break;
        }

        _open.Remove((old.Name, now.Name));
    }

    /// <summary>Different types whose values have the same encoding.</summary>
    private static bool SameBytes(TypeModel old, TypeModel now) =>
        Encoding(old) is { } a && a == Encoding(now) && Limits(old) == Limits(now);

    private static string? Encoding(TypeModel type) => type.Kind switch
    {
        TypeKind.Enum or TypeKind.Flags => type.Named!.Underlying.ToString(),
        TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 => type.Kind.ToString(),
        TypeKind.Uuid => "bytes16",
        TypeKind.Bytes when type.FixedLength is { } n => string.Create(CultureInfo.InvariantCulture, $"bytes{n}"),
        _ => null,
    };

    private static string Limits(TypeModel type) => type.FixedLength is not null || type.Kind is TypeKind.Uuid ? "" : string.Create(
        CultureInfo.InvariantCulture, $"{type.Min}..{type.Max} {type.MinNumber}..{type.MaxNumber} {type.MinLength}..{type.MaxLength} {type.Pattern?.Text}");

    private static string DefaultText(FieldModel field) => field.Default is { } value ? $"the default {CanonicalText.DefaultText(value)}" : "no default";

    private void Reserved(IEnumerable<string> old, IEnumerable<string> now, string path)
    {
        string[] dropped = [.. old.Except(now)];
        if (dropped.Length > 0)
        {
            Add(BreakingClass.Wire, path, $"no longer reserves {string.Join(", ", dropped)}: what is reserved was used once.");
        }
    }

    private void Add(BreakingClass kind, string path, string message) => changes.Add(new(kind, path, message));
}
