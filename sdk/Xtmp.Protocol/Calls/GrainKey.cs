using System.ComponentModel;
using System.Globalization;

namespace Xtmp.Protocol;

/// <summary>
/// For generated code: grain keys as text. Strings stay as they are, bytes become lowercase hex, integers and enums
/// decimal, uuids 8-4-4-4-12 in lowercase.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class GrainKey
{
    public static string Of(string value) => value;

    public static string Of(ReadOnlyMemory<byte> value) => Convert.ToHexStringLower(value.Span);

    public static string Of(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(UInt128 value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Of(Guid value) => value.ToString("D");

    /// <summary>The caller's session id, for the schema's <c>$session</c>.</summary>
    public static string OfSession(CallContext context) => Of(context.RequireCaller().SessionId);

    /// <summary>The wallet the caller has authenticated, for the schema's <c>$caller</c>.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.AuthenticationRequired"/> when there is none.</exception>
    public static string OfCaller(CallContext context)
    {
        var wallet = context.RequireCaller().Wallet;
        return wallet.IsEmpty
            ? throw new XtmpException(XtmpErrorCode.AuthenticationRequired, Fault.Peer, "The call needs an authenticated wallet.")
            : Of(wallet);
    }
}
