using System.Globalization;
using Xtmp.Schema;
using static Xtmp.Cli.Schema.Breaking.BreakingRules;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Finds what a new version of a schema breaks for those who have the old one.</summary>
public sealed class SchemaComparer
{
    private readonly SchemaModel _before;
    private readonly SchemaModel _after;
    private readonly ChangeList _changes = new();
    private readonly ShapeComparer _shapes;

    private SchemaComparer(SchemaModel before, SchemaModel after)
    {
        _before = before;
        _after = after;
        _shapes = new ShapeComparer(before, after, _changes);
    }

    /// <summary>Breaking changes, the worst class first, then by path.</summary>
    public static IReadOnlyList<BreakingChange> Compare(SchemaModel before, SchemaModel after)
    {
        SchemaComparer comparer = new(before, after);
        comparer.CompareAll();
        return comparer._changes.Sorted();
    }

    /// <summary>Whether two schemas accept and mean the same, however patterns and limits are written.</summary>
    public static bool AreEqual(SchemaModel before, SchemaModel after) =>
        CanonicalText.OfEverything(NormalForm.Of(before)) == CanonicalText.OfEverything(NormalForm.Of(after));

    private void CompareAll()
    {
        if (_before.Protocol != _after.Protocol)
        {
            _changes.Add(ProtocolRenamed, "protocol", $"was '{_before.Protocol}', is '{_after.Protocol}': the catalogue's name changes.");
        }

        if (_before.Namespace != _after.Namespace && _before.Namespace.Length > 0)
        {
            _changes.Add(NamespaceChanged, "namespace", $"was '{_before.Namespace}', is '{_after.Namespace}'.");
        }

        if (_after.Version < _before.Version)
        {
            _changes.Add(VersionBack, "version", string.Create(CultureInfo.InvariantCulture, $"was {_before.Version}, is {_after.Version}: versions only rise."));
        }

        foreach (EnumModel old in _before.Enums)
        {
            Match(old.Name, _after.Enums.FirstOrDefault(e => e.Name == old.Name), Section(old), e => _shapes.Enum(old, e, $"{Section(old)}.{old.Name}"));
        }

        foreach (StructModel old in _before.Structs)
        {
            Match(old.Name, _after.Structs.FirstOrDefault(s => s.Name == old.Name), "structs", s => _shapes.Fields(old, s, $"structs.{old.Name}"));
        }

        foreach (UnionModel old in _before.Unions)
        {
            Match(old.Name, _after.Unions.FirstOrDefault(u => u.Name == old.Name), "unions", u => _shapes.Union(old, u, $"unions.{old.Name}"));
        }

        foreach (MessageModel old in _before.Messages)
        {
            CompareMessage(old, _after.Messages.FirstOrDefault(m => m.Name == old.Name));
        }

        new HandlerComparer(_before, _after, _shapes, _changes).Compare();
    }

    private void Match<T>(string name, T? now, string section, Action<T> compare)
        where T : class
    {
        if (now is null)
        {
            // What the type's absence does to those who hold it shows where they hold it.
            _changes.Add(TypeRemoved, $"{section}.{name}", "is gone.");
            return;
        }

        compare(now);
    }

    private void CompareMessage(MessageModel old, MessageModel? now)
    {
        string path = $"messages.{old.Name}";
        bool inside = old.Code == 0;
        if (now is null)
        {
            // A message of another name that took over its code is a renamed one: on the wire names do not count.
            now = _after.Messages.FirstOrDefault(m => m.Number == old.Number && m.Kind == old.Kind && old.Number != 0 && _before.Messages.All(b => b.Name != m.Name));
            if (now is null)
            {
                _changes.Add(MessageRemoved, path, "is gone.", kind: inside ? BreakingClass.Source : BreakingClass.Wire);
                return;
            }

            _changes.Add(MessageRenamed, path, $"is now called '{now.Name}'.", $"messages.{now.Name}");
        }

        int first = _changes.Count;
        CompareTravel(old, now, path, $"messages.{now.Name}");
        _shapes.Fields(old.Shape, now.Shape, path);
        if (inside && now.Code == 0)
        {
            _changes.KeepInside(first);
        }
    }

    private void CompareTravel(MessageModel old, MessageModel now, string path, string newPath)
    {
        if (old.Number != now.Number)
        {
            _changes.Add(MessageCode, path, $"had the code {Code(old.Number)}, has {Code(now.Number)}.", newPath);
        }

        if (old.Kind != now.Kind)
        {
            _changes.Add(BreakingRules.MessageKind, path, $"was of kind {old.Kind}, is {now.Kind}.", newPath);
        }

        if (old.Transport != now.Transport)
        {
            _changes.Add(MessageTransport, path, $"was sent over the {old.Transport} link, now over the {now.Transport} one.", newPath);
        }

        if (old.Compressible != now.Compressible)
        {
            _changes.Add(MessageCompression, path, old.Compressible ? "could be compressed, and now is refused when it is." : "was never compressed, and now may be.", newPath);
        }

        if (old.Authentication != now.Authentication)
        {
            _changes.Add(MessageAuthentication, path, $"needed authentication {old.Authentication}, now needs {now.Authentication}: "
                + (old.Authentication < now.Authentication ? "older clients are refused." : "older silos refuse newer clients."), newPath);
        }

        if (old.Idempotent != now.Idempotent)
        {
            _changes.Add(MessageIdempotency, path, old.Idempotent
                ? "was safe to repeat and no longer is, but older clients still repeat it."
                : "is safe to repeat now, but newer clients repeat it at older silos too, which carry it out twice.", newPath);
        }
    }

    private static string Code(int code) => code == 0 ? "none" : "0x" + code.ToString("X2", CultureInfo.InvariantCulture);

    private static string Section(EnumModel e) => e.IsFlags ? "flags" : "enums";
}
