namespace Xtmp.Schema.Tests;

public sealed class ShippedSchemaTests
{
    [Fact]
    public void accepts_bitchat_yaml()
    {
        var model = SchemaFiles.Read("schema/bitchat.yaml");
        Assert.Equal(19, model.Unions.Single(u => u.Name == "ConsensusPayload").Arms.Count);
        Assert.Equal(
            ["message_id", "sender", "game_id", "round", "timestamp", "payload", "signature", "compressed"],
            model.Structs.Single(s => s.Name == "ConsensusMessage").Fields.Select(f => f.Name));
    }

    /// <summary>Handlers of applications may not have these names; a new handler of XTMP is to be added to them.</summary>
    [Fact]
    public void the_names_of_xtmps_own_handlers_are_known()
    {
        var handlers = SchemaFiles.Read("schema/xtmp.yaml").Handlers.Concat(SchemaFiles.Read("schema/bitchat.yaml").Handlers);
        Assert.Equal(handlers.Select(h => h.Name).Order(StringComparer.Ordinal), ReservedNames.BuiltInHandlers.Order(StringComparer.Ordinal));
        Assert.All(handlers, h => Assert.Equal(h.Name, h.Kind));
    }

    [Fact]
    public void grains_of_an_application_are_stored_under_its_protocol() =>
        Assert.Equal("orders.Order", Assert.Single(SchemaFiles.Read("examples/CustomMessages/orders.yaml").Handlers).Kind);

    [Fact]
    public void accepts_xtmp_yaml()
    {
        var model = SchemaFiles.Read("schema/xtmp.yaml");
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
