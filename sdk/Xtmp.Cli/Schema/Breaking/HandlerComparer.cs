using Xtmp.Schema;
using static Xtmp.Cli.Schema.Breaking.BreakingRules;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Compares handlers: their methods for those who compile against them, their names and keys for what grains have stored.</summary>
internal sealed class HandlerComparer(SchemaModel before, SchemaModel after, ShapeComparer shapes, ChangeList changes)
{
    public void Compare()
    {
        foreach (HandlerModel old in before.Handlers)
        {
            string path = $"handlers.{old.Name}";
            if ((after.Handlers.FirstOrDefault(h => h.Name == old.Name) ?? Renamed(old)) is { } now)
            {
                if (now.Kind != old.Kind)
                {
                    changes.Add(HandlerRenamed, path, $"is now stored as '{now.Kind}': what its grains have stored as '{old.Kind}' is orphaned. 'stored_as: {old.Kind}' keeps it.", $"handlers.{now.Name}");
                }
                else if (now.Name != old.Name)
                {
                    changes.Add(HandlerRenamed, path, $"is now called '{now.Name}'.", $"handlers.{now.Name}", BreakingClass.Source);
                }

                Methods(old, now, path);
            }
            else
            {
                changes.Add(HandlerRemoved, path, "is gone: what its grains have stored is out of reach.");
            }
        }
    }

    /// <summary>A new handler that answers one of the vanished one's requests.</summary>
    private HandlerModel? Renamed(HandlerModel old) => after.Handlers.FirstOrDefault(h =>
        before.Handlers.All(b => b.Name != h.Name) && h.Methods.Any(m => old.Methods.Any(o => o.Request.Name == m.Request.Name)));

    private void Methods(HandlerModel old, HandlerModel now, string path)
    {
        HashSet<string> matched = [];
        foreach (MethodModel method in old.Methods)
        {
            string methodPath = $"{path}.{method.Name}";
            MethodModel? current = now.Methods.FirstOrDefault(m => m.Name == method.Name);
            if (current is null && (current = now.Methods.FirstOrDefault(m => m.Request.Name == method.Request.Name)) is not null)
            {
                changes.Add(MethodRenamed, methodPath, $"is now called '{current.Name}'.", $"handlers.{now.Name}.{current.Name}");
            }

            if (current is not null)
            {
                matched.Add(current.Name);
                Method(method, current, methodPath, $"handlers.{now.Name}.{current.Name}");
            }
            else if (after.Handlers.FirstOrDefault(h => h.Methods.Any(m => m.Request.Name == method.Request.Name)) is { } other)
            {
                changes.Add(MethodMoved, methodPath, $"is answered by '{other.Name}' now, whose grains do not have what those of '{old.Name}' stored.");
            }
            else
            {
                changes.Add(MethodRemoved, methodPath, "is gone.");
            }
        }

        foreach (MethodModel method in now.Methods.Where(m => !matched.Contains(m.Name)))
        {
            changes.Add(MethodAdded, $"handlers.{now.Name}.{method.Name}", $"is new: whoever implements I{now.Name}Handler has to write it.");
        }
    }

    private void Method(MethodModel method, MethodModel current, string path, string newPath)
    {
        bool inside = before.Messages.FirstOrDefault(m => m.Name == method.Request.Name)?.Code == 0;
        if (method.Kind != current.Kind)
        {
            changes.Add(BreakingRules.MethodKind, path, $"was {method.Kind}, is {current.Kind}.", newPath, inside ? BreakingClass.Source : BreakingClass.Wire);
        }

        if (method.Request.Name != current.Request.Name)
        {
            changes.Add(MethodRequest, path, $"took {method.Request.Name}, takes {current.Request.Name}.", newPath);
        }

        if (method.Reply?.Name != current.Reply?.Name && method.Kind == current.Kind)
        {
            Reply(method, current, path, newPath, inside);
        }

        if (KeyOf(method.Key) != KeyOf(current.Key))
        {
            changes.Add(GrainKey, path, $"had the key {KeyOf(method.Key)}, has {KeyOf(current.Key)}: what grains have stored is found under other keys.", newPath);
        }
        else if (TextOf(method.Key) != TextOf(current.Key))
        {
            changes.Add(GrainKey, path, $"had a key written as {TextOf(method.Key)}, has one written as {TextOf(current.Key)}: what grains have stored is found under other keys.", newPath);
        }
    }

    private void Reply(MethodModel method, MethodModel current, string path, string newPath, bool inside)
    {
        changes.Add(MethodReply, path, $"answered with {method.Reply?.Name}, answers with {current.Reply?.Name}.", newPath);
        StructModel? old = before.Messages.FirstOrDefault(m => m.Name == method.Reply?.Name)?.Shape;
        StructModel? now = after.Messages.FirstOrDefault(m => m.Name == current.Reply?.Name)?.Shape;
        if (old is not null && now is not null && !inside)
        {
            shapes.Fields(old, now, path);
        }
    }

    private static string KeyOf(KeyModel key) => key.Source == KeySource.Field ? key.Field! : "$" + key.Source.ToString().ToLowerInvariant();

    /// <summary>How a key becomes the text that grains are stored under.</summary>
    private static string? TextOf(KeyModel key) => key.Type?.Kind switch
    {
        null => null,
        TypeKind.String => "text",
        TypeKind.Bytes => "hex",
        TypeKind.Uuid => "uuid",
        _ => "number",
    };
}
