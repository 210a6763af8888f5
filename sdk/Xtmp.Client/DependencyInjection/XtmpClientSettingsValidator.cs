using Microsoft.Extensions.Options;

namespace Xtmp.Client;

/// <summary>Refuses settings that cannot work when the host starts, not at the first call.</summary>
internal sealed class XtmpClientSettingsValidator : IValidateOptions<XtmpClientSettings>
{
    public ValidateOptionsResult Validate(string? name, XtmpClientSettings options)
    {
        try
        {
            XtmpConnection.Parse(options.Endpoint);
            options.ToOptions().Require();
            return ValidateOptionsResult.Success;
        }
        catch (XtmpException error)
        {
            return ValidateOptionsResult.Fail(error.Message);
        }
    }
}
