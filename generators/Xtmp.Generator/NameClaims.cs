using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// The C# names one schema file asks for. Within a file the reader sees that they differ; two files, or two names that
/// differ only in case and so ask for one generated file, meet only here.
/// </summary>
internal sealed record NameClaims(string File, EquatableArray<NameClaim> Claims, SourcePosition ProtocolPosition)
{
    /// <summary>The schema's name; empty where it has none that stands.</summary>
    public string Protocol { get; init; } = "";

    public static NameClaims Of(SchemaFile file, SchemaModel? model, IReadOnlyDictionary<string, SourcePosition> positions)
    {
        var claims = new List<NameClaim>();
        if (model is not null)
        {
            foreach (var e in model.Enums)
            {
                Add(e.Namespace, e.Name, e.IsFlags ? "flags." : "enums.", "", "Names");
            }

            foreach (var s in model.Structs)
            {
                Add(s.Namespace, s.Name, "structs.", "", "Codec");
            }

            foreach (var u in model.Unions)
            {
                Add(u.Namespace, u.Name, "unions.", "", "Codec");
            }

            foreach (var m in model.Messages)
            {
                Add(m.Shape.Namespace, m.Name, "messages.", m.ErrorCode == 0 ? ["", "Codec"] : ["", "Codec", "Exception"]);
            }

            foreach (var h in model.Handlers)
            {
                Add(h.Namespace, h.Name, "handlers.", "Handler", "Client", "Methods");
                claims.Add(new NameClaim(h.Name, $"{h.Namespace}.I{h.Name}Handler", Position("handlers." + h.Name)));
            }

            if (model.Protocol.Length == 0)
            {
                return new NameClaims(file.Path, new EquatableArray<NameClaim>(claims), Position("protocol"));
            }

            var catalogue = Clr.Pascal(model.Protocol) + "Catalogue";
            claims.Add(new NameClaim("", $"{model.Namespace}.{catalogue}", Position("protocol")));
            if (model.Messages.Any(m => m.ErrorCode != 0))
            {
                claims.Add(new NameClaim("", $"{model.Namespace}.{Clr.Pascal(model.Protocol)}Errors", Position("protocol")));
            }
        }

        return new NameClaims(file.Path, new EquatableArray<NameClaim>(claims), Position("protocol")) { Protocol = model?.Protocol ?? "" };

        void Add(string ns, string name, string section, params string[] suffixes)
        {
            foreach (var suffix in suffixes)
            {
                claims.Add(new NameClaim(name, $"{ns}.{name}{suffix}", Position(section + name)));
            }
        }

        SourcePosition Position(string path) =>
            positions.TryGetValue(path, out var position) ? position : new SourcePosition(file.Path, 1, 1, 1, 2);
    }

    /// <summary>What was asked for twice: the later one, in order of paths and places, does not get it.</summary>
    public static EquatableArray<NameCollision> Collisions(IEnumerable<NameClaims> all)
    {
        var taken = new Dictionary<string, (string File, NameClaim Claim)>(StringComparer.OrdinalIgnoreCase);
        var protocols = new Dictionary<string, string>(StringComparer.Ordinal);
        var collisions = new List<NameCollision>();
        foreach (var file in all.OrderBy(f => f.File, StringComparer.Ordinal))
        {
            if (file.Protocol.Length > 0 && protocols.TryGetValue(file.Protocol, out var other))
            {
                // The catalogue stays where its namespace tells it from the other one.
                var isTaken = file.Claims.Any(claim => claim.Name.Length == 0 && taken.ContainsKey(claim.ClrName));
                collisions.Add(new NameCollision(file.File, isTaken ? "" : "protocol", file.Protocol, file.ProtocolPosition, other, "") { IsProtocol = true });
            }
            else if (file.Protocol.Length > 0)
            {
                protocols.Add(file.Protocol, file.File);
            }

            foreach (var claim in file.Claims)
            {
                if (!taken.TryGetValue(claim.ClrName, out var first))
                {
                    taken.Add(claim.ClrName, (file.File, claim));
                }
                else if (collisions.All(c => c.File != file.File || c.Name != claim.Name))
                {
                    collisions.Add(new NameCollision(file.File, claim.Name, claim.ClrName, claim.Position, first.File, first.Claim.ClrName));
                }
            }
        }

        return new EquatableArray<NameCollision>(collisions);
    }
}
