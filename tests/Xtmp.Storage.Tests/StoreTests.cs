using Xtmp.TestKit;

namespace Xtmp.Storage.Tests;

public sealed class MemoryStoreTests : GrainStoreConformance
{
    protected override ValueTask<IGrainStore> OpenAsync(StoreLimits? limits = null) => new(new MemoryGrainStore(limits));
}

public sealed class SqliteStoreTests : GrainStoreConformance, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override ValueTask<IGrainStore> OpenAsync(StoreLimits? limits = null) =>
        new(SqliteGrainStore.Open(_directory.File("grains.db"), new SqliteGrainStoreOptions { Limits = limits ?? new StoreLimits() }));
}
