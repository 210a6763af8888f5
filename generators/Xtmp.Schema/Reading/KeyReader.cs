namespace Xtmp.Schema.Reading;

/// <summary>Finds a method's grain key.</summary>
internal static class KeyReader
{
    /// <param name="context">Takes the diagnostics.</param>
    /// <param name="method">Where to report that there is no key at all.</param>
    /// <param name="key">The method's or the handler's <c>key</c>.</param>
    /// <param name="request">The message that carries it.</param>
    public static KeyModel? Read(ReadingContext context, ScalarNode method, ScalarNode? key, MessageDraft request)
    {
        switch (key?.Text)
        {
            case null:
                context.Report(SchemaRules.KeyFieldMissing, method, $"'{method.Text}' has no key: give it or its handler 'key', a field of the request, $session or $caller.");
                return null;
            case "$session":
                return new(KeySource.Session, null, null, null);
            case "$caller":
                if (request.Intact && request.Model.Kind is MessageKind.Request or MessageKind.OneWay && request.Model.Authentication != AuthenticationKind.Wallet)
                {
                    context.Report(SchemaRules.CallerUnproved, key.Position.Line < method.Position.Line ? method : key,
                        $"'{request.Model.Name}' does not say 'authentication: wallet', so that a caller may have no wallet to be the key.");
                }
                return new(KeySource.Caller, null, null, null);
        }
        if (key!.Text.StartsWith("$", StringComparison.Ordinal))
        {
            context.Report(SchemaRules.KeyFieldMissing, key, $"There is no key '{DiagnosticText.Excerpt(key.Text)}'; those beside fields are $session and $caller.", Suggestion.For(key.Text, ["$session", "$caller"]));
            return null;
        }
        var fields = request.Model.Shape.Fields;
        if (fields.FirstOrDefault(f => f.Name == key.Text) is not { } field)
        {
            if (request.Intact)
            {
                // A handler's key is shared by its methods, so the method that lacks it is the place to look at.
                var place = key.Position.Line < method.Position.Line ? method : key;
                context.Report(SchemaRules.KeyFieldMissing, place, $"'{request.Model.Name}' has no field '{DiagnosticText.Excerpt(key.Text)}' to be the key.", Suggestion.For(key.Text, fields.Select(f => f.Name)));
            }
            return null;
        }
        var usable = field.Type.Kind is TypeKind.U8 or TypeKind.U16 or TypeKind.U32 or TypeKind.U64 or TypeKind.I8 or TypeKind.I16 or TypeKind.I32 or TypeKind.I64
            or TypeKind.String or TypeKind.Bytes or TypeKind.Uuid or TypeKind.Enum;
        if (field.Optional || !usable)
        {
            var place = key.Position.Line < method.Position.Line ? method : key;
            context.Report(SchemaRules.KeyFieldUnusable, place, field.Optional
                ? $"'{request.Model.Name}.{field.Name}' is optional; a key is always there."
                : $"'{request.Model.Name}.{field.Name}' is {field.Type}; a key is a string, bytes, an integer, a uuid or an enum.");
            return null;
        }
        return new(KeySource.Field, field.Name, field.ClrName, field.Type);
    }
}
