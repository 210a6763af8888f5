using static Xtmp.Cli.Schema.Breaking.BreakingClass;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Every kind of breaking change.</summary>
public static class BreakingRules
{
    private static readonly List<BreakingRule> _all = [];

    public static readonly BreakingRule LockStale = Add("LOCK_STALE", BreakingClass.Version, "The schema differs from the lock file in ways that break nobody. Accept it, or a later change is compared with a state that is long gone.");
    public static readonly BreakingRule NotAccepted = Add("NOT_ACCEPTED", BreakingClass.Version, "The lock file does not know the protocol. Accept it.");
    public static readonly BreakingRule VersionBack = Add("VERSION_BACK", BreakingClass.Version, "The schema's version is lower than the accepted one. Versions only rise.");
    public static readonly BreakingRule FieldVersion = Add("FIELD_VERSION", BreakingClass.Version, "A field is new, but neither its 'since' nor the schema's 'version' says so. Raise 'version' and give the field that version as 'since'.");
    public static readonly BreakingRule ProtocolRenamed = Add("PROTOCOL_RENAMED", Source, "The protocol's name is part of generated names.");
    public static readonly BreakingRule NamespaceChanged = Add("NAMESPACE_CHANGED", Source, "Generated types move to another namespace.");
    public static readonly BreakingRule TypeRemoved = Add("TYPE_REMOVED", Source, "A type is gone. What its absence does to its users is reported where they use it.");
    public static readonly BreakingRule TypeRenamed = Add("TYPE_RENAMED", Source, "A field, arm or reply has a type of another name.");
    public static readonly BreakingRule ReservationDropped = Add("RESERVATION_DROPPED", Wire, "What is reserved was used once and may still be sent.");

    public static readonly BreakingRule EnumWidth = Add("ENUM_WIDTH", Wire, "Numbers beyond the smaller integer type are refused.");
    public static readonly BreakingRule EnumFlags = Add("ENUM_FLAGS", Json, "JSON shows an enum as one name and flags as a list.");
    public static readonly BreakingRule ValueRenumbered = Add("VALUE_RENUMBERED", Wire, "A name stands for another number.");
    public static readonly BreakingRule ValueRenamed = Add("VALUE_RENAMED", Json, "A number has another name.");
    public static readonly BreakingRule ValueRemoved = Add("VALUE_REMOVED", Json, "A number has no name any more.");

    public static readonly BreakingRule ArmRemoved = Add("ARM_REMOVED", Wire, "Peers that send the arm are no longer understood.");
    public static readonly BreakingRule ArmRenumbered = Add("ARM_RENUMBERED", Wire, "An arm has the tag of another, or a new one.");
    public static readonly BreakingRule ArmRenamed = Add("ARM_RENAMED", Json, "An arm's name in JSON and C# changes.");
    public static readonly BreakingRule ArmAdded = Add("ARM_ADDED", Source, "Match and Switch take one more case. Older peers keep the arm as unknown.");

    public static readonly BreakingRule FieldRemoved = Add("FIELD_REMOVED", Wire, "A field is gone although peers send it. Deprecate it; or, where it is the last one and not required, reserve its id.");
    public static readonly BreakingRule FieldRetired = Add("FIELD_RETIRED", Json, "The last field is gone and its id is reserved. On the wire it is kept as an unknown field; its name in JSON is refused.");
    public static readonly BreakingRule FieldRenumbered = Add("FIELD_RENUMBERED", Wire, "A field has the id of another, or a new one.");
    public static readonly BreakingRule FieldRenamed = Add("FIELD_RENAMED", Json, "A field's name in JSON and C# changes.");
    public static readonly BreakingRule FieldAddedRequired = Add("FIELD_ADDED_REQUIRED", Wire, "Older peers do not send a new required field.");
    public static readonly BreakingRule FieldAddedBelow = Add("FIELD_ADDED_BELOW", Wire, "Older peers refuse a value at an id that was a gap.");
    public static readonly BreakingRule FieldOptional = Add("FIELD_OPTIONAL", Wire, "A field became optional or stopped being so.");
    public static readonly BreakingRule FieldDefault = Add("FIELD_DEFAULT", Wire, "An absent field means another value.");
    public static readonly BreakingRule FieldSecret = Add("FIELD_SECRET", Json, "JSON shows the value, or no longer does.");
    public static readonly BreakingRule FieldUnit = Add("FIELD_UNIT", Wire, "The same number means another amount.");
    public static readonly BreakingRule FieldType = Add("FIELD_TYPE", Wire, "A field is encoded in another way; class JSON where the bytes stay.");
    public static readonly BreakingRule FieldLimits = Add("FIELD_LIMITS", Wire, "One peer accepts what the other refuses.");

    public static readonly BreakingRule MessageRemoved = Add("MESSAGE_REMOVED", Wire, "Peers that send the message get an error.");
    public static readonly BreakingRule MessageRenamed = Add("MESSAGE_RENAMED", Source, "The name of a message changes in C#.");
    public static readonly BreakingRule MessageCode = Add("MESSAGE_CODE", Wire, "A message is sent under another code.");
    public static readonly BreakingRule MessageKind = Add("MESSAGE_KIND", Wire, "A message travels in another way.");
    public static readonly BreakingRule MessageTransport = Add("MESSAGE_TRANSPORT", Wire, "A message prefers another link.");
    public static readonly BreakingRule MessageCompression = Add("MESSAGE_COMPRESSION", Wire, "Receivers refuse a compressed message that is never compressed.");
    public static readonly BreakingRule MessageAuthentication = Add("MESSAGE_AUTHENTICATION", Wire, "One version refuses callers that the other accepts.");
    public static readonly BreakingRule MessageIdempotency = Add("MESSAGE_IDEMPOTENCY", Wire, "A client of one version repeats a request that a silo of the other carries out twice.");

    public static readonly BreakingRule HandlerRemoved = Add("HANDLER_REMOVED", State, "What the handler's grains have stored is out of reach.");
    public static readonly BreakingRule HandlerRenamed = Add("HANDLER_RENAMED", State, "Grains store under their handler's name: what is stored under the old one is orphaned.");
    public static readonly BreakingRule GrainKey = Add("GRAIN_KEY", State, "Grains store under their key: what is stored under the old one is orphaned.");
    public static readonly BreakingRule MethodMoved = Add("METHOD_MOVED", State, "Another handler's grains answer a request, and know nothing of what the former ones stored.");
    public static readonly BreakingRule MethodRemoved = Add("METHOD_REMOVED", Source, "A method is gone from the handler interface and the client.");
    public static readonly BreakingRule MethodRenamed = Add("METHOD_RENAMED", Source, "A method has another name in the handler interface and the client.");
    public static readonly BreakingRule MethodAdded = Add("METHOD_ADDED", Source, "Whoever implements the handler interface has one more method to write.");
    public static readonly BreakingRule MethodKind = Add("METHOD_KIND", Wire, "A request is answered in another way.");
    public static readonly BreakingRule MethodRequest = Add("METHOD_REQUEST", Source, "A method takes another message.");
    public static readonly BreakingRule MethodReply = Add("METHOD_REPLY", Source, "A method answers with another message.");

    public static IReadOnlyList<BreakingRule> All => _all;

    private static BreakingRule Add(string id, BreakingClass kind, string doc)
    {
        BreakingRule rule = new(id, kind, doc);
        _all.Add(rule);
        return rule;
    }
}
