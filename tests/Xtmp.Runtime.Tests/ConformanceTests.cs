using Xtmp.Storage;
using Xtmp.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Xtmp.Runtime.Tests;

public sealed class MemoryTurnTests : TurnConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingTurnTests : TurnConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteTurnTests : TurnConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class MemoryCallTests : CallConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingCallTests : CallConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteCallTests : CallConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class MemoryOutboxTests : OutboxConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingOutboxTests : OutboxConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteOutboxTests : OutboxConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class MemoryReminderTests : ReminderConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingReminderTests : ReminderConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteReminderTests : ReminderConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class MemoryStreamTests : StreamConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingStreamTests : StreamConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteStreamTests : StreamConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class MemoryDeferredReplyTests : DeferredReplyConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingDeferredReplyTests : DeferredReplyConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteDeferredReplyTests : DeferredReplyConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class PostgresDeferredReplyTests(PostgresServer server) : DeferredReplyConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class PostgresTurnTests(PostgresServer server) : TurnConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class PostgresCallTests(PostgresServer server) : CallConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class PostgresOutboxTests(PostgresServer server) : OutboxConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class PostgresReminderTests(PostgresServer server) : ReminderConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class PostgresStreamTests(PostgresServer server) : StreamConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}

public sealed class MemoryModelTests : ModelConformance
{
    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore());
}

/// <summary>A store that other silos may write to, and every call by way of Orleans' messaging.</summary>
public sealed class MessagingModelTests : ModelConformance
{
    protected override bool DirectCalls => false;

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(new MemoryGrainStore { IsShared = true });
}

public sealed class SqliteModelTests : ModelConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IGrainStore> OpenStoreAsync() => new(SqliteGrainStore.Open(_directory.File("grains.db")));

    protected override void CloseStore() => _directory.Dispose();
}

public sealed class PostgresModelTests(PostgresServer server) : ModelConformance
{
    protected override async ValueTask<IGrainStore> OpenStoreAsync() => await PostgresGrainStore.OpenAsync(await server.NewDatabaseAsync());
}
