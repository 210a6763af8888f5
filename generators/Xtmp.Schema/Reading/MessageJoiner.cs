namespace Xtmp.Schema.Reading;

/// <summary>Gives replies and items what they have of their requests.</summary>
internal static class MessageJoiner
{
    public static List<MessageModel> Join(ReadingContext context, IReadOnlyList<MessageDraft> drafts, HandlerReader handlers)
    {
        var byName = drafts.ToDictionary(d => d.Model.Name, StringComparer.Ordinal);
        var joined = new List<MessageModel>();
        foreach (var draft in drafts)
        {
            if (draft.Model.Kind is not (MessageKind.Response or MessageKind.Item))
            {
                joined.Add(draft.Model);
                continue;
            }
            if (!handlers.Answers.TryGetValue(draft.Model.Name, out var requestName))
            {
                if (!handlers.Incomplete && !context.Diagnostics.HasErrors)
                {
                    context.Report(SchemaRules.UnusedReply, draft.Name, $"No method answers with '{draft.Model.Name}', so it has no code and is never sent.");
                }
                joined.Add(draft.Model);
                continue;
            }
            var request = byName[requestName].Model;
            joined.Add(draft.Model with
            {
                Code = request.Code,
                Family = request.Family,
                Transport = draft.Transport ?? request.Transport,
                Priority = draft.Priority ?? request.Priority,
                Authentication = request.Authentication,
            });
        }
        return joined;
    }
}
