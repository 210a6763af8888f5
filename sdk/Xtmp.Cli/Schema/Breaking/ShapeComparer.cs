using System.Globalization;
using Xtmp.Schema;
using static Xtmp.Cli.Schema.Breaking.BreakingRules;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Compares the shapes of types, and goes into those of a field whose type has another name now.</summary>
internal sealed class ShapeComparer(SchemaModel before, SchemaModel after, ChangeList changes)
{
    private readonly IReadOnlyDictionary<string, object> _before = TypeGraph.Of(before).All;
    private readonly IReadOnlyDictionary<string, object> _after = TypeGraph.Of(after).All;

    /// <summary>Pairs of types that are being compared, so that types that hold themselves come to an end.</summary>
    private readonly HashSet<(string, string)> _open = [];

    public void Enum(EnumModel old, EnumModel now, string path)
    {
        if (old.Underlying != now.Underlying)
        {
            changes.Add(EnumWidth, path, $"was {old.Underlying}, is {now.Underlying}: numbers beyond the smaller are refused.");
        }

        if (old.IsFlags != now.IsFlags)
        {
            changes.Add(EnumFlags, path, old.IsFlags ? "was a flags type, is an enum." : "was an enum, is a flags type.");
        }

        foreach (EnumValueModel value in old.Values)
        {
            string valuePath = $"{path}.{value.Name}";
            if (now.Values.FirstOrDefault(v => v.Name == value.Name) is { } same)
            {
                if (same.Value != value.Value)
                {
                    changes.Add(ValueRenumbered, valuePath, string.Create(CultureInfo.InvariantCulture, $"was {value.Value}, is {same.Value}."));
                }
            }
            else if (now.Values.FirstOrDefault(v => v.Value == value.Value) is { } renamed)
            {
                changes.Add(ValueRenamed, valuePath, $"is now called '{renamed.Name}'.", $"{path}.{renamed.Name}");
            }
            else
            {
                changes.Add(ValueRemoved, valuePath, "is gone: its number stays without a name.");
            }
        }

        Reserved(Texts(old.ReservedValues, old.ReservedNames), Texts(now.ReservedValues, now.ReservedNames), path);
    }

    public void Union(UnionModel old, UnionModel now, string path)
    {
        foreach (UnionArmModel arm in old.Arms)
        {
            string armPath = $"{path}.{arm.Name}";
            UnionArmModel? same = now.Arms.FirstOrDefault(a => a.Tag == arm.Tag);
            UnionArmModel? moved = same?.Name == arm.Name ? null : now.Arms.FirstOrDefault(a => a.Name == arm.Name);
            if (moved is not null)
            {
                changes.Add(ArmRenumbered, armPath, string.Create(CultureInfo.InvariantCulture, $"had the tag {arm.Tag}, has {moved.Tag}{ReadAs(same?.Name)}."));
            }
            else if (same is null)
            {
                changes.Add(ArmRemoved, armPath, "is gone.");
            }
            else
            {
                if (same.Name != arm.Name)
                {
                    changes.Add(ArmRenamed, armPath, $"is now called '{same.Name}'.", $"{path}.{same.Name}");
                }

                Named(arm.Type, same.Type, armPath);
            }
        }

        foreach (UnionArmModel arm in now.Arms.Where(a => old.Arms.All(o => o.Tag != a.Tag && o.Name != a.Name)))
        {
            changes.Add(ArmAdded, $"{path}.{arm.Name}", "is new: Match and Switch take one more case.");
        }

        Reserved(Texts(old.ReservedTags, old.ReservedNames), Texts(now.ReservedTags, now.ReservedNames), path);
    }

    public void Fields(StructModel old, StructModel now, string path)
    {
        foreach (FieldModel field in old.Fields)
        {
            string fieldPath = $"{path}.{field.Name}";
            FieldModel? same = now.Fields.FirstOrDefault(f => f.Id == field.Id);
            FieldModel? moved = same?.Name == field.Name ? null : now.Fields.FirstOrDefault(f => f.Name == field.Name);
            if (moved is not null)
            {
                changes.Add(FieldRenumbered, fieldPath, string.Create(CultureInfo.InvariantCulture, $"had the id {field.Id}, has {moved.Id}{ReadAs(same?.Name)}."));
            }
            else if (same is null)
            {
                Removed(field, now, fieldPath);
            }
            else
            {
                Field(field, same, fieldPath, $"{path}.{same.Name}");
            }
        }

        foreach (FieldModel field in now.Fields.Where(f => old.Fields.All(o => o.Id != f.Id && o.Name != f.Name)))
        {
            Added(field, old, now.Name, $"{path}.{field.Name}");
        }

        Reserved(Texts(old.ReservedIds, old.ReservedNames), Texts(now.ReservedIds, now.ReservedNames), path);
    }

    /// <summary>
    /// Behind the last known field a decoder keeps what it does not know; between fields it refuses everything but nil. So
    /// only the last field may go, and only where an absent one is understood.
    /// </summary>
    private void Removed(FieldModel field, StructModel now, string path)
    {
        bool last = now.Fields.All(f => f.Id < field.Id);
        if (last && !field.Required && now.ReservedIds.Contains(field.Id))
        {
            changes.Add(FieldRetired, path, "is gone, with its id reserved: on the wire it is unknown and kept, in JSON its name is refused.");
            return;
        }

        changes.Add(FieldRemoved, path, !last || field.Required ? "is gone. Deprecate it and leave it in place." : string.Create(
            CultureInfo.InvariantCulture, $"is gone. Deprecate it and leave it in place, or reserve its id {field.Id} and its name."));
    }

    private void Added(FieldModel field, StructModel old, string newName, string path)
    {
        if (field.Required)
        {
            changes.Add(FieldAddedRequired, path, "is new and required: older peers do not send it. Make it optional or give it a default.");
        }
        else if (old.Fields.Any(o => o.Id > field.Id))
        {
            changes.Add(FieldAddedBelow, path, "takes an id below existing ones: older peers refuse a value there. Use the next id at the end.");
        }

        if (_open.Count > 0 || old.Name != newName || before.Version == 0)
        {
            return;
        }

        if (after.Version <= before.Version)
        {
            changes.Add(FieldVersion, path, string.Create(CultureInfo.InvariantCulture, $"is new, but the schema's version is still {after.Version}. Raise 'version', and say 'since' at the field."));
        }
        else if (field.Since <= before.Version)
        {
            changes.Add(FieldVersion, path, string.Create(CultureInfo.InvariantCulture, $"is new, but says that version {field.Since} had it. Say 'since: {after.Version}'."));
        }
    }

    private void Field(FieldModel old, FieldModel now, string path, string newPath)
    {
        if (old.Name != now.Name)
        {
            changes.Add(FieldRenamed, path, $"is now called '{now.Name}'.", newPath);
        }

        if (old.Optional != now.Optional)
        {
            changes.Add(FieldOptional, path, old.Optional ? "was optional and is not any more." : "is optional now: older peers refuse it when it is absent.", newPath);
        }

        if (old.Default != now.Default)
        {
            changes.Add(FieldDefault, path, $"had {DefaultText(old)}, has {DefaultText(now)}: an absent field means something else.", newPath);
        }

        if (old.Secret != now.Secret)
        {
            changes.Add(FieldSecret, path, now.Secret ? "is secret now and redacted in JSON." : "is no longer secret.", newPath);
        }

        if (old.Unit is not null && now.Unit is not null && old.Unit != now.Unit)
        {
            changes.Add(FieldUnit, path, $"was in {old.Unit}, is in {now.Unit}: the same number means another amount.", newPath);
        }

        Type(old.Type, now.Type, path);
    }

    private void Type(TypeModel old, TypeModel now, string path)
    {
        if (old.Kind != now.Kind || old.FixedLength != now.FixedLength)
        {
            bool sameBytes = SameBytes(old, now);
            changes.Add(FieldType, path, $"was {old}, is {now}{(sameBytes ? "; the bytes are the same" : "")}.", kind: sameBytes ? BreakingClass.Json : BreakingClass.Wire);
            return;
        }

        if (Limits(old) != Limits(now))
        {
            changes.Add(FieldLimits, path, $"was {CanonicalText.OfType(old)}, is {CanonicalText.OfType(now)}: values that one accepts the other refuses.");
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
        if (old.Name == now.Name || !_before.TryGetValue(old.Name, out object? oldType) || !_after.TryGetValue(now.Name, out object? nowType))
        {
            return;
        }

        changes.Add(TypeRenamed, path, $"was {old.Name}, is {now.Name}.");
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

    private static string Limits(TypeModel type)
    {
        if (type.FixedLength is not null || type.Kind is TypeKind.Uuid)
        {
            return "";
        }

        TypeModel normal = NormalForm.Of(type);
        return string.Create(CultureInfo.InvariantCulture, $"{normal.Min}..{normal.Max} {normal.MinNumber}..{normal.MaxNumber} {normal.MinLength}..{normal.MaxLength} {normal.Pattern?.Text}");
    }

    private static string ReadAs(string? other) => other is null ? "" : $": older peers read it as '{other}'";

    private static string DefaultText(FieldModel field) => field.Default is { } value ? $"the default {CanonicalText.DefaultText(value)}" : "no default";

    private static IEnumerable<string> Texts<T>(EquatableArray<T> numbers, EquatableArray<string> names)
        where T : IEquatable<T>, IFormattable => numbers.Select(n => n.ToString(null, CultureInfo.InvariantCulture)).Concat(names);

    private void Reserved(IEnumerable<string> old, IEnumerable<string> now, string path)
    {
        string[] dropped = [.. old.Except(now)];
        if (dropped.Length > 0)
        {
            changes.Add(ReservationDropped, path, $"no longer reserves {string.Join(", ", dropped)}: what is reserved was used once.");
        }
    }
}
