using System.Globalization;
using Xtmp.Cli.Schema.Findings;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Lint;

/// <summary>What keeps several schemas from being served by one silo.</summary>
internal static class SharedSilo
{
    public static IEnumerable<Finding> Clashes(IReadOnlyList<SchemaFile> schemas)
    {
        foreach (IGrouping<string, SchemaFile> same in schemas.GroupBy(s => s.Model.Protocol).Where(g => g.Count() > 1))
        {
            yield return At(same.Last(), "protocol", "LINT11", $"Two schemas are called '{same.Key}': {string.Join(" and ", same.Select(s => s.Path))}.");
        }

        Dictionary<byte, (SchemaFile Schema, MessageModel Message)> owners = [];
        foreach (SchemaFile schema in schemas)
        {
            foreach (MessageModel message in schema.Model.Messages.Where(m => m is { Code: not 0, ErrorCode: 0, Kind: MessageKind.Request or MessageKind.OneWay or MessageKind.Error }))
            {
                if (!owners.TryAdd(message.Code, (schema, message)) && owners[message.Code] is var owner && owner.Schema != schema)
                {
                    yield return At(schema, $"messages.{message.Name}", "LINT10", string.Create(CultureInfo.InvariantCulture,
                        $"The code 0x{message.Code:X2} of '{message.Name}' in '{schema.Model.Protocol}' is that of '{owner.Message.Name}' in '{owner.Schema.Model.Protocol}': one silo cannot serve both."));
                }
            }
        }
    }

    private static Finding At(SchemaFile schema, string path, string rule, string message)
    {
        SourcePosition place = schema.Result.Positions.TryGetValue(path, out SourcePosition position) ? position : new(schema.Path, 0, 0, 0, 0);
        return new(rule, FindingLevel.Error, place, path, message, $"{rule}: {message}");
    }
}
