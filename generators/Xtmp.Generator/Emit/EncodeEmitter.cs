using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Sizes and the writer.</summary>
internal static class EncodeEmitter
{
    public static void Emit(CodeWriter code, StructModel shape)
    {
        CountOf(code, shape);
        SizeOf(code, shape, exact: true);
        SizeOf(code, shape, exact: false);
        Write(code, shape);
        foreach (var field in shape.Fields)
        {
            Collections(code, field.Type, field.ClrName);
        }
    }

    /// <summary>Number of array elements: up to the last one that is not nil.</summary>
    private static void CountOf(CodeWriter code, StructModel shape)
    {
        var known = Layout.Slots(shape);
        if (shape.Fields.All(f => f.Required))
        {
            code.Line($"private static int CountOf({shape.Name} value) => value.UnknownFields is {{ }} unknown ? {Clr.Number(known)} + unknown.Count : {Clr.Number(known)};");
            return;
        }

        code.Open($"private static int CountOf({shape.Name} value)");
        code.Guarded("if (value.UnknownFields is { } unknown)", $"return {Clr.Number(known)} + unknown.Count;");
        foreach (var field in shape.Fields.Where(f => f.Id > Layout.LastRequired(shape)).OrderByDescending(f => f.Id))
        {
            code.Guarded($"if ({Layout.IsPresent(field, "value." + field.ClrName)})", $"return {Clr.Number(field.Id + 1)};");
        }

        code.Line($"return {Clr.Number(Layout.LastRequired(shape) + 1)};");
        code.Close();
    }

    private static void SizeOf(CodeWriter code, StructModel shape, bool exact)
    {
        code.Gap();
        var terms = new List<string>();
        if (exact)
        {
            terms.Add($"(long){SourceFile.Size}.OfCount(count)");
            terms.AddRange(Layout.Gaps(shape).Select(gap => $"(count > {Clr.Number(gap)} ? 1 : 0)"));
        }
        else
        {
            // Every slot of constant size, and the array header, add up to one number.
            terms.Add(Clr.Number(5 + Layout.All(shape).Sum(slot => slot is null ? 1 : Layout.MaxConstant(slot.Type) ?? 1)) + "L");
        }

        foreach (var slot in shape.Fields.Where(slot => exact || Layout.MaxConstant(slot.Type) is null))
        {
            var access = "value." + slot.ClrName;
            var sized = SizeExpression(slot.Type, Layout.Value(slot, access), slot.ClrName, exact);
            terms.Add(exact
                ? slot.Required ? sized : $"({Layout.IsPresent(slot, access)} ? {sized} : count > {Clr.Number(slot.Id)} ? 1 : 0)"
                : slot.Optional ? $"({access} is not null ? {sized} : 0)" : sized);
        }

        terms.Add("(value.UnknownFields is { } unknown ? unknown.Raw.Length : 0)");
        if (!exact)
        {
            code.Line($"public static long MaxSize({shape.Name} value) => {string.Join(" + ", terms)};");
            return;
        }

        code.Open($"public static long ExactSize({shape.Name} value)");
        code.Line("int count = CountOf(value);");
        code.Line($"return {string.Join(" + ", terms)};");
        code.Close();
    }

    private static string SizeExpression(TypeModel type, string access, string path, bool exact) => type.Kind switch
    {
        TypeKind.Bool => "1",
        TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 => exact ? $"{SourceFile.Size}.OfUInt64({access})" : "9",
        TypeKind.I8 or TypeKind.I16 or TypeKind.I32 or TypeKind.I64 => exact ? $"{SourceFile.Size}.OfInt64({access})" : "9",
        TypeKind.Enum or TypeKind.Flags => exact ? $"{SourceFile.Size}.OfUInt64((ulong){access})" : "9",
        TypeKind.F32 => "5",
        TypeKind.F64 => "9",
        TypeKind.Uuid => "18",
        TypeKind.U128 => exact ? $"{SourceFile.Size}.OfUInt128({access})" : "18",
        TypeKind.Timestamp => exact ? $"{SourceFile.Size}.OfTimestamp({access})" : "9",
        TypeKind.Duration => exact ? $"{SourceFile.Size}.OfDuration({access})" : "9",
        TypeKind.String => $"{SourceFile.Size}.{(exact ? "Of" : "Max")}String({access})",
        TypeKind.Bytes => $"{SourceFile.Size}.{(exact ? "Of" : "Max")}Binary({access}.Length)",
        TypeKind.Struct or TypeKind.Union => $"{Clr.CodecOf(type.Named!)}.{(exact ? "ExactSize" : "MaxSize")}({access})",
        _ => $"{(exact ? "ExactSize" : "MaxSize")}Of{path}({access})",
    };

    private static void Write(CodeWriter code, StructModel shape)
    {
        code.Gap();
        code.Line(SourceFile.NotInlined);
        code.Open($"public static ref byte Write(ref byte destination, {shape.Name} value)");
        code.Line("int count = CountOf(value);");
        code.Line($"destination = ref {SourceFile.Writer}.WriteArrayHeader(ref destination, count);");
        foreach (var (slot, id) in Layout.All(shape).Select((slot, id) => (slot, id)))
        {
            var needed = id > Layout.LastRequired(shape) ? $"count > {Clr.Number(id)}" : null;
            if (slot is null)
            {
                WriteNil(code, needed);
                continue;
            }

            var access = "value." + slot.ClrName;
            var write = $"destination = ref {WriteExpression(slot.Type, Layout.Value(slot, access), slot.ClrName)};";
            if (slot.Required)
            {
                code.Line(write);
                continue;
            }

            code.Guarded($"if ({Layout.IsPresent(slot, access)})", write);
            code.Guarded(needed is null ? "else" : $"else if ({needed})", $"destination = ref {SourceFile.Writer}.WriteNil(ref destination);");
        }

        code.Guarded("if (value.UnknownFields is { } unknown)", $"destination = ref {SourceFile.Writer}.WriteRaw(ref destination, unknown.Raw);");
        code.Line("return ref destination;");
        code.Close();
    }

    private static void WriteNil(CodeWriter code, string? condition)
    {
        var write = $"destination = ref {SourceFile.Writer}.WriteNil(ref destination);";
        if (condition is null)
        {
            code.Line(write);
        }
        else
        {
            code.Guarded($"if ({condition})", write);
        }
    }

    public static string WriteExpression(TypeModel type, string access, string path) => type.Kind switch
    {
        TypeKind.Bool => $"{SourceFile.Writer}.WriteBoolean(ref destination, {access})",
        TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 => $"{SourceFile.Writer}.WriteUInt64(ref destination, {access})",
        TypeKind.I8 or TypeKind.I16 or TypeKind.I32 or TypeKind.I64 => $"{SourceFile.Writer}.WriteInt64(ref destination, {access})",
        TypeKind.Enum or TypeKind.Flags => $"{SourceFile.Writer}.WriteUInt64(ref destination, (ulong){access})",
        TypeKind.F32 => $"{SourceFile.Writer}.WriteSingle(ref destination, {access})",
        TypeKind.F64 => $"{SourceFile.Writer}.WriteDouble(ref destination, {access})",
        TypeKind.Uuid => $"{SourceFile.Writer}.WriteUuid(ref destination, {access})",
        TypeKind.U128 => $"{SourceFile.Writer}.WriteUInt128(ref destination, {access})",
        TypeKind.Timestamp => $"{SourceFile.Writer}.WriteTimestamp(ref destination, {access})",
        TypeKind.Duration => $"{SourceFile.Writer}.WriteDuration(ref destination, {access})",
        TypeKind.String => $"{SourceFile.Writer}.WriteString(ref destination, {access})",
        TypeKind.Bytes when type.FixedLength is { } length => $"{SourceFile.Writer}.WriteFixedBinary(ref destination, {access}.Span, {Clr.Number(length)})",
        TypeKind.Bytes => $"{SourceFile.Writer}.WriteBinary(ref destination, {access}.Span)",
        TypeKind.Struct or TypeKind.Union => $"{Clr.CodecOf(type.Named!)}.Write(ref destination, {access})",
        _ => $"Write{path}(ref destination, {access})",
    };

    /// <summary>Lists and maps get methods of their own, named after the field and the way into it.</summary>
    private static void Collections(CodeWriter code, TypeModel type, string path)
    {
        if (type.Kind is not (TypeKind.List or TypeKind.Map))
        {
            return;
        }

        var isMap = type.Kind == TypeKind.Map;
        foreach (var exact in new[] { true, false })
        {
            code.Gap();
            code.Open($"private static long {(exact ? "ExactSize" : "MaxSize")}Of{path}({Clr.TypeOf(type)} items)");
            code.Line("var span = items.AsSpan();");
            if (!exact && Layout.MaxConstant(type.Element!) is { } each && (!isMap || Layout.MaxConstant(type.Key!) is not null))
            {
                code.Line($"return 5 + ((long)span.Length * {Clr.Number(each + (isMap ? Layout.MaxConstant(type.Key!)!.Value : 0))});");
                code.Close();
                continue;
            }

            code.Line(exact ? $"long size = {SourceFile.Size}.OfCount(span.Length);" : "long size = 5;");
            code.Open("foreach (ref readonly var item in span)");
            if (isMap)
            {
                code.Line($"size += {SizeExpression(type.Key!, "item.Key", path + "_Key", exact)};");
            }

            code.Line($"size += {SizeExpression(type.Element!, isMap ? "item.Value" : "item", path + "_Item", exact)};");
            code.Close();
            code.Line();
            code.Line("return size;");
            code.Close();
        }

        code.Gap();
        code.Open($"private static ref byte Write{path}(ref byte destination, {Clr.TypeOf(type)} items)");
        code.Line("var span = items.AsSpan();");
        code.Line($"destination = ref {SourceFile.Writer}.Write{(isMap ? "Map" : "Array")}Header(ref destination, span.Length);");
        code.Open("foreach (ref readonly var item in span)");
        if (isMap)
        {
            code.Line($"destination = ref {WriteExpression(type.Key!, "item.Key", path + "_Key")};");
        }

        code.Line($"destination = ref {WriteExpression(type.Element!, isMap ? "item.Value" : "item", path + "_Item")};");
        code.Close();
        code.Line();
        code.Line("return ref destination;");
        code.Close();
        Collections(code, type.Element!, path + "_Item");
    }
}
