using Xtmp.Engine;
using Xtmp.Messages;

namespace Xtmp.Grains;

/// <summary>Registers the kinds that this project implements.</summary>
public static class SiloGrains
{
    public static GrainRegistry Register(GrainRegistry registry, GrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(options);
        return registry
            .Register("Wallet", WalletMethods.All, context => new WalletGrain(context, options))
            .Register("Bundle", BundleMethods.All, context => new BundleGrain(context, options))
            .Register("BundleLedger", BundleLedgerMethods.All, context => new BundleLedgerGrain(context))
            .Register("Session", SessionMethods.All, context => new SessionGrain(context, options))
            .Register("Stream", StreamMethods.All, context => new StreamGrain(context))
            .Register("Registry", RegistryMethods.All, context => new RegistryGrain(context, options));
    }
}
