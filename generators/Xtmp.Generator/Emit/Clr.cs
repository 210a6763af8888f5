using System.Globalization;
using System.Numerics;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>How schema types and values are spelled in C#.</summary>
internal static class Clr
{
    public static string TypeOf(TypeModel type) => type.Kind switch
    {
        TypeKind.Bool => "bool",
        TypeKind.U8 => "byte",
        TypeKind.U16 => "ushort",
        TypeKind.U32 => "uint",
        TypeKind.U64 => "ulong",
        TypeKind.I8 => "sbyte",
        TypeKind.I16 => "short",
        TypeKind.I32 => "int",
        TypeKind.I64 => "long",
        TypeKind.F32 => "float",
        TypeKind.F64 => "double",
        TypeKind.String => "string",
        TypeKind.Bytes => "global::System.ReadOnlyMemory<byte>",
        TypeKind.Uuid => "global::System.Guid",
        TypeKind.Timestamp => "global::System.DateTimeOffset",
        TypeKind.Duration => "global::System.TimeSpan",
        TypeKind.U128 => "global::System.UInt128",
        TypeKind.List => $"global::Xtmp.Protocol.ValueList<{TypeOf(type.Element!)}>",
        TypeKind.Map => $"global::Xtmp.Protocol.ValueMap<{TypeOf(type.Key!)}, {TypeOf(type.Element!)}>",
        _ => NameOf(type.Named!),
    };

    public static string NameOf(NamedTypeModel named) => $"global::{named.Namespace}.{named.Name}";

    /// <summary>The static class with a struct's or union's codec.</summary>
    public static string CodecOf(NamedTypeModel named) => NameOf(named) + "Codec";

    public static string PropertyTypeOf(FieldModel field) => TypeOf(field.Type) + (field.Optional ? "?" : "");

    public static bool IsReference(TypeModel type) => type.Kind is TypeKind.String or TypeKind.Struct or TypeKind.Union;

    public static bool IsInteger(TypeKind kind) => kind <= TypeKind.I64 && kind != TypeKind.Bool;

    /// <summary>Method suffix of the primitive reader for an integer of this kind.</summary>
    public static string ReaderOf(TypeKind kind) => kind switch
    {
        TypeKind.U8 => "ReadByte",
        TypeKind.U16 => "ReadUInt16",
        TypeKind.U32 => "ReadUInt32",
        TypeKind.U64 => "ReadUInt64",
        TypeKind.I8 => "ReadSByte",
        TypeKind.I16 => "ReadInt16",
        TypeKind.I32 => "ReadInt32",
        TypeKind.I64 => "ReadInt64",
        TypeKind.Bool => "ReadBoolean",
        TypeKind.F32 => "ReadSingle",
        TypeKind.F64 => "ReadDouble",
        TypeKind.Uuid => "ReadUuid",
        TypeKind.Timestamp => "ReadTimestamp",
        TypeKind.Duration => "ReadDuration",
        TypeKind.U128 => "ReadUInt128",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>C# keyword of an enum's underlying type.</summary>
    public static string KeywordOf(TypeKind kind) => TypeOf(new TypeModel { Kind = kind });

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>An integer literal that fits the type without a cast.</summary>
    public static string Literal(BigInteger value, TypeKind kind)
    {
        var digits = value.ToString(CultureInfo.InvariantCulture);
        return kind switch
        {
            TypeKind.U64 => digits + "UL",
            TypeKind.I64 when value == long.MinValue => "long.MinValue",
            TypeKind.I64 or TypeKind.Timestamp or TypeKind.Duration => digits + "L",
            TypeKind.U32 => digits + "U",
            TypeKind.I32 when value == int.MinValue => "int.MinValue",
            TypeKind.U128 => UInt128(value),
            _ => digits,
        };
    }

    public static string Literal(double value, TypeKind kind) => kind == TypeKind.F32
        ? ((float)value).ToString("R", CultureInfo.InvariantCulture) + "F"
        : value.ToString("R", CultureInfo.InvariantCulture) + "D";

    /// <summary>PascalCase of a snake_case name; the same rule the schema's own names follow.</summary>
    public static string Pascal(string name)
    {
        var text = new StringBuilder();
        var upper = true;
        foreach (var c in name)
        {
            if (c is '_' or '-')
            {
                upper = true;
                continue;
            }

            text.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }

        return text.ToString();
    }

    /// <summary>camelCase of a PascalCase name, escaped where it is a keyword.</summary>
    public static string Camel(string name) => "@" + char.ToLowerInvariant(name[0]) + name.Substring(1);

    /// <summary>The default of a field as a C# expression.</summary>
    public static string DefaultOf(FieldModel field)
    {
        var value = field.Default!;
        if (value.Boolean is { } boolean)
        {
            return boolean ? "true" : "false";
        }

        if (value.Integer is { } integer)
        {
            return field.Type.Kind switch
            {
                TypeKind.Timestamp => $"global::System.DateTimeOffset.UnixEpoch.AddTicks({Literal(integer * 10, TypeKind.I64)})",
                TypeKind.Duration => $"new global::System.TimeSpan({Literal(integer * 10, TypeKind.I64)})",
                TypeKind.Enum or TypeKind.Flags => $"({TypeOf(field.Type)}){Literal(integer, field.Type.Named!.Underlying!.Value)}",
                TypeKind.U8 or TypeKind.U16 or TypeKind.I8 or TypeKind.I16 => $"({TypeOf(field.Type)})({Literal(integer, field.Type.Kind)})",
                _ => Literal(integer, field.Type.Kind),
            };
        }

        if (value.Number is { } number)
        {
            return Literal(number, field.Type.Kind);
        }

        return value.Member is { } member ? $"{TypeOf(field.Type)}.{Pascal(member)}" : CSharpText.Literal(value.Text ?? "");
    }

    private static string UInt128(BigInteger value) =>
        value <= ulong.MaxValue
            ? value.ToString(CultureInfo.InvariantCulture) + "UL"
            : $"new global::System.UInt128({((ulong)(value >> 64)).ToString(CultureInfo.InvariantCulture)}UL, {((ulong)(value & ulong.MaxValue)).ToString(CultureInfo.InvariantCulture)}UL)";
}
