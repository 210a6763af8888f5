namespace Xtmp.Schema;

/// <summary>Every kind of diagnostic the reader gives.</summary>
public static class SchemaRules
{
    private static readonly List<SchemaRule> _all = [];

    public static readonly SchemaRule Syntax = Error("XTMP001", "Not well-formed YAML");
    public static readonly SchemaRule Tab = Error("XTMP002", "Tab in indentation");
    public static readonly SchemaRule NotText = Error("XTMP003", "Not UTF-8 text");
    public static readonly SchemaRule TooLarge = Error("XTMP004", "Schema too large or nested too deep");
    public static readonly SchemaRule YamlFeature = Error("XTMP005", "YAML feature that schemas do without");
    public static readonly SchemaRule DuplicateKey = Error("XTMP006", "Key given twice");
    public static readonly SchemaRule NotASchema = Error("XTMP007", "Not a schema");
    public static readonly SchemaRule Indentation = Error("XTMP008", "Wrong indentation");
    public static readonly SchemaRule TooManyErrors = Error("XTMP009", "Too many errors");

    public static readonly SchemaRule UnknownKey = Error("XTMP010", "Unknown key");
    public static readonly SchemaRule MissingKey = Error("XTMP011", "Missing key");
    public static readonly SchemaRule WrongShape = Error("XTMP012", "Mapping, list or value expected");
    public static readonly SchemaRule WrongValue = Error("XTMP013", "Wrong value");
    public static readonly SchemaRule NumberOutOfRange = Error("XTMP014", "Number out of range");

    public static readonly SchemaRule BadName = Error("XTMP020", "Badly formed name");
    public static readonly SchemaRule ClrNameCollision = Error("XTMP021", "Two names become one in C#");
    public static readonly SchemaRule ReservedMember = Error("XTMP022", "Name of a generated member");
    public static readonly SchemaRule DuplicateType = Error("XTMP023", "Type name taken");
    public static readonly SchemaRule DuplicateName = Error("XTMP024", "Name given twice");
    public static readonly SchemaRule DuplicateId = Error("XTMP025", "Id given twice");
    public static readonly SchemaRule ReservedReuse = Error("XTMP026", "Reserved id or name used");
    public static readonly SchemaRule SkippedId = Error("XTMP027", "Id skipped");
    public static readonly SchemaRule FlagBits = Error("XTMP028", "Flag is not a single bit");
    public static readonly SchemaRule Empty = Error("XTMP029", "Nothing declared");

    public static readonly SchemaRule UnknownType = Error("XTMP030", "Unknown type");
    public static readonly SchemaRule BadType = Error("XTMP031", "Badly formed type");
    public static readonly SchemaRule WrongTypeKind = Error("XTMP032", "Type cannot be used here");
    public static readonly SchemaRule Cycle = Error("XTMP033", "Structs require each other without end");
    public static readonly SchemaRule BadDefault = Error("XTMP034", "Default does not fit the type");
    public static readonly SchemaRule ConstraintMisfit = Error("XTMP035", "Constraint does not fit the type");
    public static readonly SchemaRule BadRange = Error("XTMP036", "Range holds nothing or exceeds the type");
    public static readonly SchemaRule BadPattern = Error("XTMP037", "Badly formed pattern");
    public static readonly SchemaRule DefaultOutOfRange = Error("XTMP038", "Default breaks the field's own limits");

    public static readonly SchemaRule DuplicateCode = Error("XTMP040", "Code given twice");
    public static readonly SchemaRule CodeOutsideFamily = Error("XTMP041", "Code outside its family");
    public static readonly SchemaRule CodeNotForKind = Error("XTMP042", "Code missing or not allowed");
    public static readonly SchemaRule UnknownFamily = Error("XTMP043", "Unknown family");
    public static readonly SchemaRule BadFamily = Error("XTMP044", "Families overlap or hold nothing");
    public static readonly SchemaRule AttributeNotForKind = Error("XTMP045", "Key does not fit the kind of message");
    public static readonly SchemaRule ForeignCode = Error("XTMP046", "Code outside the application range");
    public static readonly SchemaRule ErrorTooLarge = Error("XTMP047", "Error too large");

    public static readonly SchemaRule UnknownMessage = Error("XTMP050", "Unknown message");
    public static readonly SchemaRule WrongMessageKind = Error("XTMP051", "Message of the wrong kind");
    public static readonly SchemaRule KeyFieldMissing = Error("XTMP052", "Key field not in the request");
    public static readonly SchemaRule KeyFieldUnusable = Error("XTMP053", "Field cannot be a key");
    public static readonly SchemaRule ServedTwice = Error("XTMP054", "Message used by two methods");
    public static readonly SchemaRule MethodShape = Error("XTMP055", "Method without one clear answer");
    public static readonly SchemaRule UnusedReply = Warning("XTMP056", "Reply that answers nothing");
    public static readonly SchemaRule CallerUnproved = Error("XTMP057", "Caller as key without proof");
    public static readonly SchemaRule BuiltInHandler = Error("XTMP058", "Name of a handler of XTMP itself");

    public static readonly SchemaRule ImportNotFound = Error("XTMP060", "Import not found");
    public static readonly SchemaRule ImportCycle = Error("XTMP061", "Imports form a cycle");
    public static readonly SchemaRule ImportBroken = Error("XTMP062", "Import has errors");

    public static readonly SchemaRule BadDeprecation = Error("XTMP070", "Deprecation without a reason");
    public static readonly SchemaRule BadSince = Error("XTMP071", "Version from the future");
    public static readonly SchemaRule LateRequired = Error("XTMP072", "Required field added later");

    /// <summary>In order of their ids.</summary>
    public static IReadOnlyList<SchemaRule> All => _all;

    private static SchemaRule Error(string id, string title) => Add(new(id, title, SchemaSeverity.Error));

    private static SchemaRule Warning(string id, string title) => Add(new(id, title, SchemaSeverity.Warning));

    private static SchemaRule Add(SchemaRule rule)
    {
        _all.Add(rule);
        return rule;
    }
}
