namespace Xtmp.Schema.Reading;

/// <summary>Reads handlers, and joins requests with what answers them.</summary>
internal sealed class HandlerReader(ReadingContext context, string protocol, IReadOnlyDictionary<string, MessageDraft> messages, ISet<string> declared)
{
    private const int WalletIdSize = 32;

    private readonly Dictionary<string, string> _served = new(StringComparer.Ordinal);
    private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);

    /// <summary>The request that each response and item answers.</summary>
    public Dictionary<string, string> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>True when a method could not be read: a reply that seems unused is then no news.</summary>
    public bool Incomplete { get; private set; }

    public HandlerModel? Read(ScalarNode name, Node node)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Handler, name) is not { } mapping)
        {
            Incomplete = true;
            return null;
        }
        var handlerKey = mapping.Scalar("key");
        var declarations = mapping.Declarations("methods").ToList();
        var siblings = new HashSet<string>(declarations.Select(d => d.Key.Text), StringComparer.Ordinal);
        var methods = new List<MethodModel>();
        var unreadable = new List<UnreadableMember>();
        if (!ReservedNames.IsCore(protocol) && ReservedNames.BuiltInHandlers.Contains(name.Text))
        {
            context.Report(SchemaRules.BuiltInHandler, name, $"XTMP itself has a handler '{name.Text}'; choose another name.");
        }
        foreach (var declaration in declarations)
        {
            context.Mark("handlers." + name.Text + "." + declaration.Key.Text, declaration.Key);
            if (ReadMethod(declaration.Key, declaration.Value, handlerKey, siblings) is { } method)
            {
                methods.Add(method);
            }
            else
            {
                unreadable.Add(new(declaration.Key.Text, declaration.Value is MappingNode body && body.Entries.Any(e => e.Key.Text == "stream")));
            }
        }
        Incomplete |= mapping["methods"] is not MappingNode entries || methods.Count != entries.Entries.Count;
        if (mapping["methods"] is MappingNode { Entries.Count: 0 } empty)
        {
            context.Report(SchemaRules.Empty, empty, $"'{name.Text}' has no methods.");
        }
        var handler = new HandlerModel
        {
            Name = name.Text,
            Namespace = context.Namespace,
            Protocol = protocol,
            StoredAs = StoredAs(mapping),
            HasErrors = messages.Values.Any(m => m.Model.ErrorCode != 0),
            Doc = mapping.Doc(),
            Methods = new(methods),
            UnreadableMethods = new(unreadable),
            Since = mapping.Since(name.Text),
            Deprecated = mapping.Deprecation(context.TopLevelNames, name.Text),
        };
        if (!_kinds.Add(handler.Kind))
        {
            context.Report(SchemaRules.DuplicateName, mapping.Scalar("stored_as") ?? name, $"Another handler's grains are stored under '{handler.Kind}' already.");
        }
        return handler;
    }

    private string? StoredAs(MappingReader mapping)
    {
        if (mapping.Scalar("stored_as") is not { } stored)
        {
            return null;
        }
        var parts = stored.Text.Split('.');
        if (parts.Length <= 2 && Naming.IsPascalCase(parts[parts.Length - 1]) && (parts.Length == 1 || Naming.IsSnakeCase(parts[0])))
        {
            return stored.Text;
        }
        context.Report(SchemaRules.BadName, stored, $"'{DiagnosticText.Excerpt(stored.Text)}' is no kind of grains: the name of a handler, or a protocol and one, such as orders.Order.");
        return null;
    }

    private MethodModel? ReadMethod(ScalarNode name, Node node, ScalarNode? handlerKey, IReadOnlyCollection<string> siblings)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Method, name) is not { } mapping)
        {
            return null;
        }
        if (ReservedNames.HandlerMembers.Contains(name.Text) || ReservedNames.HandlerMembers.Contains(name.Text + "Async"))
        {
            context.Report(SchemaRules.ReservedMember, name, $"'{name.Text}' is a member that every handler's code has; choose another name.");
        }
        var oneWay = mapping.Boolean("one-way");
        var (replyNode, streamNode) = (mapping.Scalar("reply"), mapping.Scalar("stream"));
        var answers = (replyNode is null ? 0 : 1) + (streamNode is null ? 0 : 1) + (oneWay ? 1 : 0);
        if (answers != 1 && mapping.Complete && mapping.KeyNode("reply") is null == (replyNode is null) && mapping.KeyNode("stream") is null == (streamNode is null))
        {
            context.Report(SchemaRules.MethodShape, name, answers == 0
                ? "A method has 'reply', 'stream' or 'one-way: true'."
                : "A method has only one of 'reply', 'stream' and 'one-way: true'.");
        }
        var kind = replyNode is not null ? MethodKind.Unary : streamNode is not null ? MethodKind.Stream : MethodKind.OneWay;
        var request = mapping.Scalar("request") is { } requestNode
            ? Message(requestNode, answers != 1 ? [MessageKind.Request, MessageKind.OneWay, MessageKind.Local]
                : kind == MethodKind.OneWay ? [MessageKind.OneWay, MessageKind.Local]
                : [MessageKind.Request, MessageKind.Local]) : null;
        var reply = (replyNode ?? streamNode) is { } answerNode
            ? Message(answerNode, [replyNode is not null ? MessageKind.Response : MessageKind.Item]) : null;
        if (request is null || answers != 1 || (reply is null && kind != MethodKind.OneWay))
        {
            return null;
        }
        var stands = Serve(mapping.Scalar("request")!, name);
        stands &= reply is null || Answer(replyNode ?? streamNode!, request);
        var key = KeyReader.Read(context, name, mapping.Scalar("key") ?? handlerKey, request);
        var authenticates = mapping.Scalar("authenticates");
        if (authenticates is not null && key is not null && (oneWay || key.Type is not { Kind: TypeKind.Bytes, FixedLength: WalletIdSize }))
        {
            context.Report(SchemaRules.KeyFieldUnusable, authenticates, oneWay
                ? "A one-way method authenticates nobody: it has no answer to say so."
                : "A method that authenticates a wallet has the wallet's id, a field of type bytes[32], as its key.");
        }
        return !stands || key is null ? null : new MethodModel
        {
            Name = name.Text,
            Kind = kind,
            Request = Reference(request),
            Reply = reply is null ? null : Reference(reply),
            Key = key,
            AuthenticatesWallet = authenticates is not null,
            Cost = mapping.Keyword<CostKind>("cost") ?? CostKind.Read,
            Requires = mapping.Keyword<RoleKind>("requires") ?? RoleKind.None,
            Doc = mapping.Doc(),
            Since = mapping.Since(name.Text),
            Deprecated = mapping.Deprecation(siblings, name.Text),
        };
    }

    private MessageDraft? Message(ScalarNode node, MessageKind[] kinds)
    {
        if (!messages.TryGetValue(node.Text, out var message))
        {
            if (!declared.Contains(node.Text))
            {
                var isType = context.Symbols.Find(node.Text) is { Type.Kind: not NamedTypeKind.Message };
                context.Report(SchemaRules.UnknownMessage, node, isType ? $"'{node.Text}' is a type, not a message of this file." : $"This file has no message '{DiagnosticText.Excerpt(node.Text)}'.",
                    isType ? null : Suggestion.For(node.Text, messages.Keys));
            }
            return null;
        }
        if (!message.Intact && message.Model.Shape.Fields.IsEmpty && message.Model.Code == 0)
        {
            return null;
        }
        if (!kinds.Contains(message.Model.Kind))
        {
            context.Report(SchemaRules.WrongMessageKind, node,
                $"'{node.Text}' is of kind {CanonicalText.Keyword(message.Model.Kind)}; here stands one of kind {string.Join(" or ", kinds.Select(k => CanonicalText.Keyword(k)))}.");
            return null;
        }
        return message;
    }

    private bool Serve(ScalarNode request, ScalarNode method)
    {
        if (_served.TryGetValue(request.Text, out var other))
        {
            context.Report(SchemaRules.ServedTwice, request, $"'{request.Text}' is served by the method '{other}' already.");
            return false;
        }
        _served.Add(request.Text, method.Text);
        return true;
    }

    private bool Answer(ScalarNode reply, MessageDraft request)
    {
        if (Answers.TryGetValue(reply.Text, out var other))
        {
            context.Report(SchemaRules.ServedTwice, reply, $"'{reply.Text}' answers '{other}' already; a reply carries the code of one request.");
            return false;
        }
        Answers.Add(reply.Text, request.Model.Name);
        return true;
    }

    private static NamedTypeModel Reference(MessageDraft message) =>
        new(message.Model.Name, message.Model.Shape.Namespace, NamedTypeKind.Message, null);
}
