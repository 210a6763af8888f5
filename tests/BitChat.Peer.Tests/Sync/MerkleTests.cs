namespace BitChat.Peer.Tests.Sync;

public sealed class MerkleTests
{
    [Fact]
    public void every_leaf_of_every_count_is_proved_and_no_other()
    {
        for (var count = 1; count <= 33; count++)
        {
            var leaves = Enumerable.Range(0, count).Select(leaf => MerkleTree.HashLeaf([(byte)leaf])).ToArray();
            var root = MerkleTree.Root(leaves);
            for (var index = 0; index < count; index++)
            {
                var path = MerkleTree.Path(leaves, index);
                Assert.Equal(root, MerkleTree.RootOf(leaves[index], index, count, path));
                Assert.NotEqual(root, MerkleTree.RootOf(MerkleTree.HashLeaf([(byte)(index + 1)]), index, count, path));
                if (count > 1)
                {
                    Assert.NotEqual(root, MerkleTree.RootOf(leaves[index], (index + 1) % count, count, path));
                    Assert.Null(MerkleTree.RootOf(leaves[index], index, count, [.. path.Take(path.Count - 1)]));
                }

                Assert.Null(MerkleTree.RootOf(leaves[index], index, count, [.. path, new byte[32]]));
                Assert.Null(MerkleTree.RootOf(leaves[index], count, count, path));
            }
        }
    }

    [Fact]
    public void a_state_goes_into_pieces_and_each_leads_to_its_root()
    {
        var state = new TestTable(8).Genesis;
        for (var index = 0; index < state.Pieces.Count; index++)
        {
            var piece = state.Pieces.PieceAt(index);
            Assert.Equal(state.Pieces.Root, StatePieces.RootOf(piece));
            var changed = piece.Data.ToArray();
            changed[0] ^= 1;
            Assert.NotEqual(state.Pieces.Root, StatePieces.RootOf(piece with { Data = changed }));
            Assert.Null(StatePieces.RootOf(piece with { Data = piece.Data[1..], Index = 0 }) is { } root && root.SequenceEqual(state.Pieces.Root) ? root : null);
        }

        var again = TableState.Parse(state.GameId, 0, state.Encoded);
        Assert.Equal(state.Root, again!.Root);
    }
}
