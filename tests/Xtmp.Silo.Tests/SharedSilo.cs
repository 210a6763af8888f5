namespace Xtmp.Silo.Tests;

/// <summary>One silo for the tests of a class, where none of them changes what the others see of it: a start costs more than most tests.</summary>
public class SharedSilo : IAsyncLifetime
{
    private TestSilo? _silo;

    internal TestSilo Silo => _silo!;

    public virtual async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync(Configure);

    public virtual async ValueTask DisposeAsync()
    {
        await _silo!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal virtual SiloOptions Configure(SiloOptions options) => options;
}
