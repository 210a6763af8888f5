using BitChat.Messages;
using Orleans.Placement;
using Xtmp.Grains.State;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>Open games of one kind, by their own word.</summary>
[RandomPlacement]
public sealed class LobbyGrain : XtmpGrain<LobbyState>, ILobbyHandler
{
    private const int MaxGames = 256;

    public ValueTask<LobbyListReply> ListAsync(LobbyList request, CallContext context = default) =>
        new(new LobbyListReply { Games = [.. Games()] });

    public ValueTask<LobbyNoteReply> NoteAsync(LobbyNote request, CallContext context = default)
    {
        var others = Games().Where(game => !game.GameId.Span.SequenceEqual(request.Game.GameId.Span));
        GameSummary[] games = request.Phase == GamePhase.Open ? [.. others.TakeLast(MaxGames - 1), request.Game] : [.. others];
        State = new LobbyState { Games = [.. games.Select(game => (ReadOnlyMemory<byte>)StoredValues.Encode(game))] };
        return new(new LobbyNoteReply { Games = (uint)games.Length });
    }

    private GameSummary[] Games() => State is { } state ? [.. state.Games.ToArray().Select(game => StoredValues.Decode<GameSummary>(game))] : [];
}
