using System.Globalization;
using System.Numerics;
using YamlDotNet.RepresentationModel;
using Xtmp.Schema;
namespace Xtmp.Generator;
/// <summary>t</summary>
internal static class InterimReader {
  static string? S(YamlNode n, string k) => n is YamlMappingNode m && m.Children.TryGetValue(new YamlScalarNode(k), out var v) && v is YamlScalarNode s ? s.Value : null;
  static YamlNode? N(YamlNode n, string k) => n is YamlMappingNode m && m.Children.TryGetValue(new YamlScalarNode(k), out var v) ? v : null;
  static IEnumerable<KeyValuePair<string, YamlNode>> M(YamlNode? n) => n is YamlMappingNode m ? m.Children.Select(c => new KeyValuePair<string, YamlNode>(((YamlScalarNode)c.Key).Value!, c.Value)) : new KeyValuePair<string, YamlNode>[0];
  static string P(string n) => string.Concat(n.Split('_','-').Select(p => p.Length == 0 ? "" : char.ToUpperInvariant(p[0]) + p.Substring(1)));
  static BigInteger I(string s) => s.StartsWith("0x") ? BigInteger.Parse("0" + s.Substring(2), NumberStyles.HexNumber) : BigInteger.Parse(s);
  static Dictionary<string, NamedTypeModel> named = new();
  static TypeModel T(string t, YamlNode f) {
    t = t.Trim();
    var min = S(f, "min"); var max = S(f, "max");
    if (t.StartsWith("list<")) return new TypeModel { Kind = TypeKind.List, Element = T(t.Substring(5, t.Length - 6), N(f, "items") ?? new YamlMappingNode()), MinLength = min is null ? 0 : int.Parse(min), MaxLength = max is null ? 1024 : int.Parse(max) };
    if (t.StartsWith("map<")) { var i = t.IndexOf(','); return new TypeModel { Kind = TypeKind.Map, Key = T(t.Substring(4, i - 4), N(f, "keys") ?? new YamlMappingNode()), Element = T(t.Substring(i + 1, t.Length - i - 2), N(f, "items") ?? new YamlMappingNode()), MinLength = 0, MaxLength = max is null ? 1024 : int.Parse(max) }; }
    if (t.StartsWith("bytes[")) { var n = int.Parse(t.Substring(6, t.Length - 7)); return new TypeModel { Kind = TypeKind.Bytes, FixedLength = n, MinLength = n, MaxLength = n }; }
    if (t is "string" or "bytes") return new TypeModel { Kind = t == "string" ? TypeKind.String : TypeKind.Bytes, MinLength = min is null ? 0 : int.Parse(min), MaxLength = max is null ? (t == "string" ? 1024 : 65536) : int.Parse(max) };
    if (named.TryGetValue(t, out var nt)) return new TypeModel { Kind = (TypeKind)Enum.Parse(typeof(TypeKind), nt.Kind.ToString()), Named = nt };
    if (t is "f32" or "f64") return new TypeModel { Kind = (TypeKind)Enum.Parse(typeof(TypeKind), t, true), MinNumber = min is null ? null : double.Parse(min), MaxNumber = max is null ? null : double.Parse(max) };
    return new TypeModel { Kind = (TypeKind)Enum.Parse(typeof(TypeKind), t, true), Min = min is null ? null : I(min), Max = max is null ? null : I(max) };
  }
  static FieldModel F(YamlNode f) { var t = S(f, "type")!; var opt = t.EndsWith("?"); var ty = T(t.TrimEnd('?'), f); var d = S(f, "default");
    return new FieldModel { Id = int.Parse(S(f, "id")!), Name = S(f, "name")!, ClrName = P(S(f, "name")!), Type = ty, Optional = opt, Secret = S(f, "secret") == "true", Doc = S(f, "doc") ?? "", Unit = S(f, "unit"),
      Default = d is null ? null : ty.Kind == TypeKind.Bool ? new DefaultModel { Boolean = d == "true" } : ty.Kind == TypeKind.String ? new DefaultModel { Text = d } : ty.Kind is TypeKind.Enum or TypeKind.Flags ? new DefaultModel { Member = d } : ty.Kind is TypeKind.F32 or TypeKind.F64 ? new DefaultModel { Number = double.Parse(d) } : new DefaultModel { Integer = I(d) } }; }
  static IEnumerable<FieldModel> Fs(YamlNode n) => N(n, "fields") is YamlSequenceNode s ? s.Children.Select(F) : new FieldModel[0];
  /// <summary>t</summary>
  public static SchemaModel Read(string path, string text, Func<string, string?> import) {
    var y = new YamlStream(); y.Load(new StringReader(text)); var r = y.Documents[0].RootNode; var ns = S(r, "namespace")!; named = new();
    foreach (var e in M(N(r, "enums"))) named[e.Key] = new(e.Key, ns, NamedTypeKind.Enum, (TypeKind)Enum.Parse(typeof(TypeKind), S(e.Value, "type") ?? "u8", true));
    foreach (var e in M(N(r, "flags"))) named[e.Key] = new(e.Key, ns, NamedTypeKind.Flags, (TypeKind)Enum.Parse(typeof(TypeKind), S(e.Value, "type") ?? "u8", true));
    foreach (var e in M(N(r, "structs"))) named[e.Key] = new(e.Key, ns, NamedTypeKind.Struct, null);
    foreach (var e in M(N(r, "unions"))) named[e.Key] = new(e.Key, ns, NamedTypeKind.Union, null);
    EnumModel E(KeyValuePair<string, YamlNode> e, bool fl) => new EnumModel { Name = e.Key, Namespace = ns, Doc = S(e.Value, "doc") ?? "", Underlying = named[e.Key].Underlying!.Value, IsFlags = fl, Values = new(M(N(e.Value, "values")).Select(v => new EnumValueModel(v.Key, P(v.Key), (ulong)I(v.Value is YamlScalarNode sc ? sc.Value! : S(v.Value, "value")!), S(v.Value, "doc") ?? ""))) };
    StructModel St(KeyValuePair<string, YamlNode> e) => new StructModel { Name = e.Key, Namespace = ns, Doc = S(e.Value, "doc") ?? "", Fields = new(Fs(e.Value).OrderBy(f => f.Id)) };
    var codes = new Dictionary<string, byte>();
    var msgs = M(N(r, "messages")).ToDictionary(m => m.Key, m => m.Value);
    foreach (var m in msgs) if (S(m.Value, "code") is { } c) codes[m.Key] = (byte)I(c);
    var handlers = new List<HandlerModel>();
    foreach (var h in M(N(r, "handlers"))) { var ms = new List<MethodModel>();
      foreach (var me in M(N(h.Value, "methods"))) { var req = S(me.Value, "request")!; var rep = S(me.Value, "reply") ?? S(me.Value, "stream"); if (rep is not null && codes.TryGetValue(req, out var cc)) codes[rep] = cc;
        var k = S(me.Value, "key") ?? S(h.Value, "key") ?? "$session";
        KeyModel key; if (k.StartsWith("$")) key = new(k == "$caller" ? KeySource.Caller : KeySource.Session, null, null, null); else { var f = Fs(msgs[req]).First(x => x.Name == k); key = new(KeySource.Field, k, f.ClrName, f.Type); }
        ms.Add(new MethodModel { Name = me.Key, Kind = S(me.Value, "stream") is not null ? MethodKind.Stream : S(me.Value, "reply") is not null ? MethodKind.Unary : MethodKind.OneWay, Request = new(req, ns, NamedTypeKind.Message, null), Reply = rep is null ? null : new(rep, ns, NamedTypeKind.Message, null), Key = key, Doc = S(me.Value, "doc") ?? "" }); }
      handlers.Add(new HandlerModel { Name = h.Key, Namespace = ns, Doc = S(h.Value, "doc") ?? "", Methods = new(ms) }); }
    MessageModel Me(KeyValuePair<string, YamlNode> m) => new MessageModel { Shape = St(m), Kind = S(m.Value, "kind") switch { "response" => MessageKind.Response, "item" => MessageKind.Item, "one-way" => MessageKind.OneWay, "local" => MessageKind.Local, "error" => MessageKind.Error, _ => MessageKind.Request }, Code = codes.TryGetValue(m.Key, out var c) ? c : (byte)0, Idempotent = S(m.Value, "idempotent") == "true", Ack = S(m.Value, "ack") == "true",
      Authentication = S(m.Value, "authentication") switch { "wallet" => AuthenticationKind.Wallet, "session" => AuthenticationKind.Session, _ => AuthenticationKind.None }, Priority = S(m.Value, "priority") switch { "high" => PriorityKind.High, "emergency" => PriorityKind.Emergency, _ => PriorityKind.Normal }, Transport = S(m.Value, "transport") == "fast" ? TransportKind.Fast : TransportKind.Reliable };
    UnionModel U(KeyValuePair<string, YamlNode> u) => new UnionModel { Name = u.Key, Namespace = ns, Doc = S(u.Value, "doc") ?? "", Arms = new(((YamlSequenceNode)N(u.Value, "arms")!).Children.Select(a => new UnionArmModel(int.Parse(S(a, "tag")!), S(a, "name")!, P(S(a, "name")!), named[S(a, "type")!], S(a, "doc") ?? ""))) };
    var model = new SchemaModel { Protocol = S(r, "protocol")!, Namespace = ns, Version = 1, Doc = S(r, "doc") ?? "", Enums = new(M(N(r, "enums")).Select(e => E(e, false)).Concat(M(N(r, "flags")).Select(e => E(e, true)))), Structs = new(M(N(r, "structs")).Select(St)), Unions = new(M(N(r, "unions")).Select(U)), Messages = new(msgs.Select(Me)), Handlers = new(handlers) };
    return model;
  }
}
