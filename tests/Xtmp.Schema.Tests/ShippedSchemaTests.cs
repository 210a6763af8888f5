namespace Xtmp.Schema.Tests;

public sealed class ShippedSchemaTests
{
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
