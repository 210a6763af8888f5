using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>Adds the kinds that this project implements.</summary>
public static class SiloGrains
{
    /// <param name="silo">The silo.</param>
    /// <param name="options">What its operator decides.</param>
    public static ISiloBuilder AddSiloGrains(this ISiloBuilder silo, GrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton<MeterReadings>();
        return silo
            .AddXtmpGrain<WalletGrain>()
            .AddXtmpGrain<BundleGrain>()
            .AddXtmpGrain<BundleLedgerGrain>()
            .AddXtmpGrain<SessionGrain>()
            .AddXtmpGrain<GatewayGrain>()
            .AddXtmpGrain<StreamGrain>()
            .AddXtmpGrain<LockGrain>()
            .AddXtmpGrain<CertificateAuthorityGrain>()
            .AddXtmpGrain<RegistryGrain>()
            .AddXtmpGrain<GameGrain>()
            .AddXtmpGrain<LobbyGrain>()
            .AddXtmpGrain<DeviceGrain>();
    }
}
