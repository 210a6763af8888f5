using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>A game that tables can play.</summary>
/// <param name="Name">Its name, at most 32 bytes; part of the state that seats agree on.</param>
/// <param name="Open">A game with these players and that bank.</param>
/// <param name="Parse">A game of its encoding, or null where it is none.</param>
public sealed record GameKind(string Name, Func<IEnumerable<PlayerChips>, ulong, IGame> Open, Func<ReadOnlyMemory<byte>, IGame?> Parse)
{
    /// <summary>The games of this package.</summary>
    public static IReadOnlyList<GameKind> All { get; } = [CrapsTable.Kind, CoinTossTable.Kind];

    public static GameKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);
}
