using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>
/// Message types of another schema and the objects that serve them. The methods are the generated catalogue's; the
/// registrations bind each handler group to a grain.
/// </summary>
/// <param name="Methods">For example <c>OrdersCatalogue.Methods</c>.</param>
/// <param name="Register">Registers the grains of the schema's handler groups.</param>
public sealed record SiloHandlers(IReadOnlyList<MethodDescriptor> Methods, Action<Engine.GrainRegistry> Register);
