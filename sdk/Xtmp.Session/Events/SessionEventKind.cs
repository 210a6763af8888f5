namespace Xtmp.Session;

/// <summary>What a <see cref="SessionEvent"/> reports.</summary>
public enum SessionEventKind : byte
{
    None = 0,

    /// <summary>The handshake is done; see <see cref="SessionEvent.Established"/>.</summary>
    Established,

    /// <summary>The peer asks: answer exactly once (SendResponse, or SendItem… and SendEnd, or SendError).</summary>
    Request,

    /// <summary>The answer to a request of this end; the exchange is over.</summary>
    Response,

    /// <summary>One item of a stream this end asked for; <see cref="SessionEvent.ItemNumber"/> counts from 0.</summary>
    Item,

    /// <summary>The stream is complete; the exchange is over.</summary>
    End,

    /// <summary>The peer answered with an error; the exchange is over. See <see cref="SessionEvent.Error"/>.</summary>
    Error,

    /// <summary>A one-way message.</summary>
    OneWay,

    /// <summary>A one-way message of this end that asked for an ack has arrived.</summary>
    Ack,

    /// <summary>
    /// The peer gave up an exchange. On a request of the peer: stop the work, and still answer once (SendError with
    /// Cancelled, or whatever is ready). On a request of this end: the exchange is over.
    /// </summary>
    Cancel,

    /// <summary>A stream this end serves may send more items; see <see cref="SessionEvent.Credit"/>.</summary>
    CreditAvailable,

    /// <summary>The server gave a ticket for the next session; see <see cref="SessionEvent.Ticket"/>.</summary>
    TicketReceived,

    /// <summary>Fresh keys are in use; see <see cref="XtmpSession.Epoch"/>.</summary>
    RekeyCompleted,

    /// <summary>The UDP half works both ways.</summary>
    DatagramsReady,

    /// <summary>The UDP half is given up; everything goes over the stream.</summary>
    DatagramsLost,

    /// <summary>The session is over; always the last event. See <see cref="SessionEvent.Close"/>.</summary>
    Closed,
}
