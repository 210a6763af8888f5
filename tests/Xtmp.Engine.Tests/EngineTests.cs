using Xtmp.TestKit;

namespace Xtmp.Engine.Tests;

// Each part of the conformance suite on each store: memory with turns on the caller's thread, SQLite, and a shared store
// in memory with turns on the pool only.

public sealed class MemoryTurnTests : TurnConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);
}

public sealed class MemoryCallTests : CallConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);
}

public sealed class MemoryOutboxTests : OutboxConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);
}

public sealed class MemoryReminderTests : ReminderConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);
}

public sealed class MemoryStreamTests : StreamConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);
}

public sealed class SqliteTurnTests : TurnConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class SqliteCallTests : CallConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class SqliteOutboxTests : OutboxConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class SqliteReminderTests : ReminderConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class SqliteStreamTests : StreamConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: true);

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class PooledTurnTests : TurnConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: false);
}

public sealed class PooledCallTests : CallConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: false);
}

public sealed class PooledOutboxTests : OutboxConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: false);
}

public sealed class PooledReminderTests : ReminderConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: false);
}

public sealed class PooledStreamTests : StreamConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });

    protected override (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings) =>
        EmbeddedEngines.Create(registry, store, settings, Time, Faults, inline: false);
}
