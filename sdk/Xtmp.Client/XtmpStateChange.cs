using Xtmp.Protocol;

namespace Xtmp;

/// <summary>A change of an <see cref="XtmpConnection"/>'s state.</summary>
/// <param name="Previous">What it was.</param>
/// <param name="Current">What it is.</param>
/// <param name="Reason">Why a session was lost or could not be opened; null where nothing went wrong.</param>
public sealed record XtmpStateChange(XtmpConnectionState Previous, XtmpConnectionState Current, XtmpException? Reason);
