namespace Xtmp.Silo.Tests;

/// <summary>One silo for the tests of a class, where none of them changes what the others see of it: a start costs more than most tests.</summary>
public sealed class SharedSilo : IAsyncLifetime
{
    private TestSilo? _silo;

    internal TestSilo Silo => _silo!;

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo!.DisposeAsync();
}
