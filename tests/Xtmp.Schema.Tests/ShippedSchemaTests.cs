namespace Xtmp.Schema.Tests;

public sealed class ShippedSchemaTests
{
    [Fact]
    public void accepts_bitchat_yaml()
    {
        var model = Repository.Schema("schema/bitchat.yaml");
        Assert.Equal(15, model.Unions.Single(u => u.Name == "ConsensusPayload").Arms.Count);
        Assert.Equal(
            ["message_id", "sender", "game_id", "round", "timestamp", "payload", "signature", "compressed"],
            model.Structs.Single(s => s.Name == "ConsensusMessage").Fields.Select(f => f.Name));
    }

    [Fact]
    public void accepts_xtmp_yaml()
    {
        var model = Repository.Schema("schema/xtmp.yaml");
        Assert.Equal("xtmp", model.Protocol);
        var transaction = model.Messages.Single(m => m.Name == "WalletTransaction");
        Assert.Equal(0x13, transaction.Code);
        Assert.Equal(PriorityKind.High, transaction.Priority);
        Assert.False(transaction.Compressible);
        var reply = model.Messages.Single(m => m.Name == "WalletTransactionReply");
        Assert.Equal(0x13, reply.Code);
        Assert.Equal("wallet", reply.Family);
    }
}
