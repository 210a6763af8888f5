using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Calls of players one of whom keeps its parts of rolls back, from the others and from the silo.</summary>
/// <param name="silo">The silo.</param>
/// <param name="seat">Whose parts are kept back.</param>
/// <param name="height">The height at which the others stand.</param>
internal sealed class WithheldReveals(ICallInvoker silo, byte seat, Func<ulong> height) : ICallInvoker
{
    private readonly TaskCompletionSource _handedIn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Until the game has taken in a part of somebody else's for a roll in progress.</summary>
    public Task HandedIn => _handedIn.Task;

    public async ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        if (request is not GameArchive { Reveals.Count: > 0 } archive)
        {
            return await silo.InvokeAsync(method, request, context);
        }

        var honest = archive with { Reveals = [.. archive.Reveals.ToArray().Where(reveal => reveal.Seat != seat)] };
        var reply = await silo.InvokeAsync(method, (TRequest)(object)honest, context);
        if (honest.Reveals.Count > 0 && ((GameArchiveReply)(object)reply).Height >= height())
        {
            _handedIn.TrySetResult();
        }

        return reply;
    }

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => silo.StreamAsync(method, request, context);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> =>
        request is GameMessage { Envelope.Payload: var payload } && Tells(payload) ? default : silo.SendAsync(method, request, context);

    /// <summary>A part of the roll is told by itself, and in the outcome that the seat proposes when it is its turn.</summary>
    private bool Tells(ConsensusPayload payload) => payload switch
    {
        ConsensusPayload.RandomnessRevealArm { Value.Seat: var number } => number == seat,
        ConsensusPayload.ProposalArm { Value.Value.Operations: var operations } => operations.Any(operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.RollArm),
        _ => false,
    };
}
