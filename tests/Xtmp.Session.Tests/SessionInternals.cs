using System.Runtime.CompilerServices;

namespace Xtmp.Session.Tests;

/// <summary>The keys of a live session, for tests that forge its frames. Production types have no such door.</summary>
internal static class SessionInternals
{
    public static TrafficKeys SendKeys(this XtmpSession session) => Send(Records(session)!);

    public static TrafficKeys ReceiveKeys(this XtmpSession session) => Receive(Records(session)!);

    public static SessionSecrets Secrets(this XtmpSession session) => SecretsOf(session)!;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_records")]
    private static extern ref RecordLayer? Records(XtmpSession session);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_secrets")]
    private static extern ref SessionSecrets? SecretsOf(XtmpSession session);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_send")]
    private static extern ref TrafficKeys Send(RecordLayer records);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_receive")]
    private static extern ref TrafficKeys Receive(RecordLayer records);
}
