using Orleans.Hosting;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>Message types of another schema and the grains that serve them.</summary>
/// <param name="Methods">For example <c>OrdersCatalogue.Methods</c>.</param>
/// <param name="Register">Adds the grains of the schema's handler groups: <c>silo => silo.AddXtmpGrain&lt;OrderGrain&gt;(OrderMethods.All)</c>.</param>
public sealed record SiloHandlers(IReadOnlyList<MethodDescriptor> Methods, Action<ISiloBuilder> Register);
