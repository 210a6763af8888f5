using System.Text.Json.Nodes;

namespace Xtmp.Cli.Calls;

/// <summary>An error that the schema declares (<c>kind: error</c>), with what it says of it.</summary>
internal sealed class DeclaredErrorException(string name, JsonObject detail, XtmpException error)
    : XtmpException(error.Code, error.Fault, error.Message, error.Field, error.Retryable, error.RetryAfter, error, error.EncodedDetail)
{
    /// <summary>Its name in the schema.</summary>
    public string Name => name;

    /// <summary>The message as JSON; secrets are redacted.</summary>
    public JsonObject Detail => detail;
}
