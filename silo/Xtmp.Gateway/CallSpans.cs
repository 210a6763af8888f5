using System.Diagnostics;
using Xtmp.Protocol;

namespace Xtmp.Gateway;

/// <summary>Spans of calls, named as OpenTelemetry's conventions name them (the project's README).</summary>
internal static class CallSpans
{
    private static readonly ActivitySource Source = new(GatewayMetrics.MeterName);

    /// <summary>Begins the span of a call, as a child of the caller's where the request carried one.</summary>
    public static Activity? Begin(MethodDescriptor? method, ActivityContext trace) =>
        Source.HasListeners() ? Source.StartActivity(GatewayMetrics.NameOf(method), ActivityKind.Server, trace) : null;

    /// <summary>The call has its answer.</summary>
    public static void End(Activity? span, MethodDescriptor? method, XtmpErrorCode outcome)
    {
        if (span is null)
        {
            return;
        }

        foreach (var tag in GatewayMetrics.TagsOf(method, outcome))
        {
            span.SetTag(tag.Key, tag.Value);
        }

        if (outcome != XtmpErrorCode.None)
        {
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }
}
