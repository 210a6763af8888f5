using System.Globalization;

namespace Xtmp.Schema.Reading;

/// <summary>Reads messages.</summary>
internal sealed class MessageReader(ReadingContext context, string protocol)
{
    private readonly Dictionary<int, string> _codes = [];
    private readonly bool _isCore = ReservedNames.IsCore(protocol);

    public MessageDraft? Read(ScalarNode name, Node node)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Message, name) is not { } mapping)
        {
            return null;
        }
        var (shape, intact) = StructReader.Read(context, name, mapping, "messages");
        var kind = mapping.Keyword<MessageKind>("kind");
        var transport = mapping.Keyword<TransportKind>("transport");
        var priority = mapping.Keyword<PriorityKind>("priority");
        var compress = mapping.Keyword<CompressKind>("compress") ?? CompressKind.Auto;
        var authentication = mapping.Keyword<AuthenticationKind>("authentication") ?? AuthenticationKind.None;
        var (ack, idempotent) = (mapping.Boolean("ack"), mapping.Boolean("idempotent"));
        var code = (int)(mapping.Integer("code") ?? 0);
        string? family = null;
        var isDeclaredError = kind == MessageKind.Error && !_isCore;
        if (kind is { } known)
        {
            CheckKeys(mapping, known);
            if (CarriesCode(known))
            {
                family = CheckCode(name, mapping, known, ref code);
            }
        }
        else
        {
            code = 0;
        }
        var model = new MessageModel
        {
            Shape = shape,
            Kind = kind ?? MessageKind.Local,
            Family = family,
            Code = kind is not { } k || !CarriesCode(k) ? (byte)0 : isDeclaredError ? SchemaLimits.ErrorMessageCode : (byte)code,
            ErrorCode = isDeclaredError ? (ushort)Math.Max(code, SchemaLimits.FirstErrorCode) : (ushort)0,
            Transport = transport ?? TransportKind.Reliable,
            Priority = priority ?? PriorityKind.Normal,
            Ack = ack,
            Idempotent = idempotent,
            Authentication = authentication,
        };
        return new(name, model, intact && kind is not null, compress == CompressKind.Auto, transport, priority);
    }

    private static bool CarriesCode(MessageKind kind) => kind is MessageKind.Request or MessageKind.OneWay or MessageKind.Error;

    /// <summary>Says of each key that is there whether it means anything for the kind.</summary>
    private void CheckKeys(MappingReader mapping, MessageKind kind)
    {
        var word = CanonicalText.Keyword(kind);
        if (!CarriesCode(kind) && mapping.KeyNode("code") is { } code)
        {
            var why = kind == MessageKind.Local ? "it never leaves the silo" : "it travels with the code of the request it answers";
            context.Report(SchemaRules.CodeNotForKind, code, $"A message of kind {word} has no code: {why}.");
        }
        var allowed = kind switch
        {
            MessageKind.Request => new[] { "family", "transport", "priority", "compress", "idempotent", "authentication" },
            MessageKind.OneWay => ["family", "transport", "priority", "compress", "ack", "authentication"],
            MessageKind.Local => ["idempotent"],
            MessageKind.Error => _isCore ? ["family", "priority", "compress"] : [],
            _ => ["transport", "priority", "compress"],
        };
        foreach (var key in new[] { "family", "transport", "priority", "compress", "ack", "idempotent", "authentication" })
        {
            if (!allowed.Contains(key) && mapping.KeyNode(key) is { } node)
            {
                context.Report(SchemaRules.AttributeNotForKind, node, $"'{key}' means nothing for a message of kind {word}.");
            }
        }
    }

    private string? CheckCode(ScalarNode name, MappingReader mapping, MessageKind kind, ref int code)
    {
        var familyNode = mapping.Scalar("family");
        FamilyModel? family = null;
        if (familyNode is not null && !context.Families.TryGetValue(familyNode.Text, out family))
        {
            if (!context.FamiliesIncomplete)
            {
                context.Report(SchemaRules.UnknownFamily, familyNode, $"There is no family '{DiagnosticText.Excerpt(familyNode.Text)}'.", Suggestion.For(familyNode.Text, context.Families.Keys));
            }
        }
        if (mapping.Scalar("code") is not { } node)
        {
            if (mapping.KeyNode("code") is null)
            {
                context.Report(SchemaRules.CodeNotForKind, name, $"A message of kind {CanonicalText.Keyword(kind)} needs 'code'.");
            }
            return family?.Name;
        }
        var isDeclaredError = kind == MessageKind.Error && !_isCore;
        var (first, last) = isDeclaredError ? (SchemaLimits.FirstErrorCode, ushort.MaxValue) : (1, SchemaLimits.MaxCode);
        if (code != 0 && (code < first || code > last))
        {
            context.Report(SchemaRules.NumberOutOfRange, node, string.Format(CultureInfo.InvariantCulture, "'code' of a message of kind {0} lies between {1} and {2}.", CanonicalText.Keyword(kind), first, last));
            code = 0;
        }
        if (code == 0)
        {
            return family?.Name;
        }
        if (_codes.TryGetValue(code, out var other))
        {
            context.Report(SchemaRules.DuplicateCode, node, string.Format(CultureInfo.InvariantCulture, "The code 0x{0:X2} belongs to '{1}' already.", code, other));
            return family?.Name;
        }
        _codes.Add(code, name.Text);
        if (isDeclaredError)
        {
            return null;
        }
        var value = code;
        if (family is null && familyNode is null)
        {
            family = context.Families.Values.FirstOrDefault(f => value >= f.First && value <= f.Last);
        }
        if (family is not null && (code < family.First || code > family.Last))
        {
            context.Report(SchemaRules.CodeOutsideFamily, node, string.Format(CultureInfo.InvariantCulture, "The code 0x{0:X2} lies outside the family '{1}', 0x{2:X2}-0x{3:X2}.", code, family.Name, family.First, family.Last));
        }
        else if (family is not null && family.ReservedCodes.Contains((byte)code))
        {
            context.Report(SchemaRules.ReservedReuse, node, string.Format(CultureInfo.InvariantCulture, "The code 0x{0:X2} is reserved in the family '{1}'.", code, family.Name));
        }
        else if (!_isCore && (code is < SchemaLimits.FirstApplicationCode or > SchemaLimits.LastApplicationCode))
        {
            context.Report(SchemaRules.ForeignCode, node, string.Format(CultureInfo.InvariantCulture, "The code 0x{0:X2} belongs to XTMP itself; applications have 0x{1:X2}-0x{2:X2}.", code, SchemaLimits.FirstApplicationCode, SchemaLimits.LastApplicationCode));
        }
        return family?.Name;
    }
}
