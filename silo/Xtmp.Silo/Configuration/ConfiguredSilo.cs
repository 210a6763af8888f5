using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Xtmp.Silo;

/// <summary>Sets a silo's options from its host's configuration, and makes what is wrong there end the start.</summary>
internal sealed class ConfiguredSilo(IConfiguration configuration) : IConfigureOptions<SiloOptions>, IValidateOptions<SiloOptions>
{
    public void Configure(SiloOptions options) => ConfigurationReader.Read(configuration, new SiloSettings(options));

    public ValidateOptionsResult Validate(string? name, SiloOptions options)
    {
        var mistakes = ConfigurationReader.Read(configuration, new SiloSettings(new SiloOptions())).ToList();
        if (options.Grains.OpeningBalance > 0 && options.AllowedClients.Count == 0 && !options.Development)
        {
            mistakes.Add("xtmp_wallets.opening_balance (--opening-balance) gives money to every wallet that registers: name the clients that are let in with xtmp_security.allowed_clients (--allow-client), or say xtmp_server.development (--development).");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
