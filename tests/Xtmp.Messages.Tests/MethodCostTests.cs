using Xtmp.Protocol;

namespace Xtmp.Messages.Tests;

/// <summary>What the schema says that calls cost, which is what rates are held to.</summary>
public sealed class MethodCostTests
{
    // Answered from what the silo holds: nothing is added and no signature verified. A method that is not in this list
    // costs more, or its schema forgot to say so.
    private static readonly string[] Reads =
    [
        "Wallet.Balance", "Wallet.History", "Wallet.HoldStatus",
        "Bundle.Status", "BundleLedger.Sync", "Registry.Query",
        "Stream.Updates", "Stream.Events", "Stream.Metrics",
        "Session.InfoQuery", "Lock.Check", "CertificateAuthority.Chain", "Device.Status", "Device.Follow", "Vm.Status", "VmDirectory.List",
    ];

    // What adds a row that stays.
    private static readonly string[] Creating =
    [
        "Wallet.Register", "Wallet.Hold", "Bundle.Submit", "Registry.Update", "Registry.Stamp",
        "Lock.SessionCreate", "CertificateAuthority.Issue", "Device.Register", "Vm.Create",
    ];

    [Fact]
    public void every_method_that_clients_call_costs_what_it_does()
    {
        var methods = XtmpCatalogue.Schema.Methods.Where(method => method.Code != 0).ToArray();
        Assert.Equal(Reads.Order(), methods.Where(method => method.Cost == CallCost.Read).Select(method => method.ToString()).Order());
        Assert.Equal(Creating.Order(), methods.Where(method => method.Cost == CallCost.Create).Select(method => method.ToString()).Order());
    }

    [Fact]
    public void what_the_operator_or_a_node_alone_may_do_needs_its_role()
    {
        var roles = XtmpCatalogue.Schema.Methods.Where(method => method.Requires != CallerRoles.None).Select(method => $"{method}: {method.Requires}").Order();
        Assert.Equal(["Bundle.Submit: Node", "Session.Disconnect: Operator", "Session.InfoQuery: Operator", "Stream.Events: Operator", "Stream.Metrics: Operator"], roles);
    }
}
