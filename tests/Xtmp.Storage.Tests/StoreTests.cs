using Xtmp.TestKit;

namespace Xtmp.Storage.Tests;

public sealed class MemoryStoreTests : GrainStoreConformance
{
    protected override ValueTask<IGrainStore> OpenAsync() => new(new MemoryGrainStore());
}

public sealed class SqliteStoreTests : GrainStoreConformance, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    protected override ValueTask<IGrainStore> OpenAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));
}
