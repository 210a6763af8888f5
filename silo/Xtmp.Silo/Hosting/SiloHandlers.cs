using Orleans.Hosting;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>Another schema and the grains that serve it.</summary>
/// <param name="Schema">For example <c>OrdersCatalogue.Schema</c>.</param>
/// <param name="Register">Adds the grains of the schema's handlers: <c>silo => silo.AddXtmpGrain&lt;OrderGrain&gt;()</c>.</param>
public sealed record SiloHandlers(SchemaInfo Schema, Action<ISiloBuilder> Register);
