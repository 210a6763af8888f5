using Microsoft.Extensions.Hosting;

namespace Xtmp.Runtime;

/// <summary>
/// The lifetime of a host inside a program that is somebody else's: signals stay the program's, which stops the host when
/// it stops.
/// </summary>
public sealed class EmbeddedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
