using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>What a message of the peer means: what to report, and what to send back at once.</summary>
internal struct Reception
{
    /// <summary>What to report; None: nothing.</summary>
    public SessionEventKind Event;

    /// <summary>The exchange is over once the report is taken.</summary>
    public bool EndsExchange;

    /// <summary>With <see cref="SessionEventKind.Error"/>.</summary>
    public RemoteError? Error;

    /// <summary>An ack or a refusal is to be sent.</summary>
    public readonly bool IsAnswered => SendsAck || Refusal != default;

    /// <summary>An ack is to be sent.</summary>
    public bool SendsAck;

    /// <summary>The request is refused: an error with this code is to be sent; 0: it is not.</summary>
    public XtmpErrorCode Refusal;

    /// <summary>With <see cref="Refusal"/>: the error's text.</summary>
    public string? RefusalText;
}
