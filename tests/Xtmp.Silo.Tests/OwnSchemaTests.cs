using Xtmp.Client;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Silo.Tests.Chat;
using Xtmp.Silo.Tests.Theatre;
using Xtmp.Storage;

namespace Xtmp.Silo.Tests;

/// <summary>Schemas of applications in a silo: their errors, their streams, their names, and their fingerprints.</summary>
public sealed class OwnSchemaTests
{
    private static readonly SiloHandlers Theatre = new(TheatreCatalogue.Schema, silo => silo.AddXtmpGrain<TheatreSeatGrain>());
    private static readonly SiloHandlers Chat = new(ChatCatalogue.Schema, silo => silo.AddXtmpGrain<ChatSeatGrain>());

    [Fact]
    public async Task a_declared_error_is_caught_by_the_client_as_the_handler_threw_it()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        await using var client = await silo.ConnectAsync();
        var seats = new Theatre.SeatClient(client.Invoker);
        await seats.BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });
        var refused = await Assert.ThrowsAsync<SeatTakenException>(() => seats.BookAsync(new BookSeat { Seat = 7, Guest = "Bob" }).AsTask());
        Assert.Equal("Ada", refused.Detail.Guest);
        Assert.Equal((XtmpErrorCode)1000, refused.Code);
        Assert.True(refused.Retryable);
        Assert.Equal(TimeSpan.FromSeconds(9), refused.RetryAfter);
        Assert.Equal("Somebody else has the seat.", refused.Message);
    }

    [Fact]
    public async Task a_declared_error_ends_a_stream()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        await using var client = await silo.ConnectAsync();
        await using var items = new Theatre.SeatClient(client.Invoker).WatchAsync(new WatchSeat { Seat = 8 }).GetAsyncEnumerator();
        var refused = await Assert.ThrowsAsync<SeatTakenException>(() => items.MoveNextAsync().AsTask());
        Assert.Equal("nobody", refused.Detail.Guest);
    }

    [Fact]
    public async Task a_handler_written_as_an_iterator_streams_what_is_published()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        await using var client = await silo.ConnectAsync();
        var seats = new Theatre.SeatClient(client.Invoker);
        await seats.BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });
        using var enough = new CancellationTokenSource();
        await using var items = seats.WatchAsync(new WatchSeat { Seat = 7 }, enough.Token).GetAsyncEnumerator(enough.Token);
        Assert.True(await items.MoveNextAsync());
        Assert.Equal("Ada", items.Current.Guest);
        await seats.BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });
        Assert.True(await items.MoveNextAsync());
        Assert.Equal("Ada", items.Current.Guest);
        var next = items.MoveNextAsync().AsTask();
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task a_follower_that_does_not_read_delays_nobody()
    {
        const int Bookings = 400;
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        await using var slowClient = await silo.ConnectAsync();
        await using var client = await silo.ConnectAsync();
        var seats = new Theatre.SeatClient(client.Invoker);
        await seats.BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });

        // More than its credit and the silo's queue for it hold.
        await using var stuck = new Theatre.SeatClient(slowClient.Invoker).WatchAsync(new WatchSeat { Seat = 7 }).GetAsyncEnumerator();
        Assert.True(await stuck.MoveNextAsync());
        await using var items = seats.WatchAsync(new WatchSeat { Seat = 7 }).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        for (var index = 0; index < Bookings; index++)
        {
            await seats.BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });
            Assert.True(await items.MoveNextAsync());
        }

        Assert.Equal("Ada", items.Current.Guest);
    }

    [Fact]
    public async Task two_schemas_have_a_handler_of_one_name()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre, Chat]);
        await using var client = await silo.ConnectAsync();
        await new Theatre.SeatClient(client.Invoker).BookAsync(new BookSeat { Seat = 7, Guest = "Ada" });
        Assert.Equal(1u, (await new Chat.SeatClient(client.Invoker).EnterAsync(new EnterSeat { Seat = 7 })).Count);
        await silo.RestartAsync();
        await using var again = await silo.ConnectAsync();
        Assert.Equal(2u, (await new Chat.SeatClient(again.Invoker).EnterAsync(new EnterSeat { Seat = 7 })).Count);
        await Assert.ThrowsAsync<SeatTakenException>(() => new Theatre.SeatClient(again.Invoker).BookAsync(new BookSeat { Seat = 7, Guest = "Bob" }).AsTask());
    }

    [Theory]
    [InlineData("theatre", "theatre")]
    [InlineData("inn", "0xB0")]
    public async Task a_clash_is_told_at_start_with_both_protocols(string protocol, string clash)
    {
        var other = new SchemaInfo(protocol, 1, new byte[32], TheatreCatalogue.Methods);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => TestSilo.StartAsync(handlers: [Theatre, new SiloHandlers(other, _ => { })]));
        Assert.Contains("'theatre'", error.Message);
        Assert.Contains($"'{protocol}'", error.Message);
        Assert.Contains(clash, error.Message);
    }

    [Fact]
    public async Task a_client_of_another_version_is_let_in_and_both_ends_say_so()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        using var log = new LogCapture();
        await using var client = await silo.ConnectAsync(configure: options => options with { Schemas = [Changed], LoggerFactory = log });
        await new Theatre.SeatClient(client.Invoker).BookAsync(new BookSeat { Seat = 1, Guest = "Ada" });
        Assert.Equal(["theatre"], client.Session!.SchemaMismatches);
        await log.WaitForAsync(line => line.EndsWith("speaks another version of theatre", StringComparison.Ordinal));
    }

    [Fact]
    public async Task a_client_refuses_a_silo_of_another_version_where_it_is_told_to()
    {
        await using var silo = await TestSilo.StartAsync(handlers: [Theatre]);
        var refused = await Assert.ThrowsAsync<XtmpException>(() => silo.ConnectAsync(configure: options => options with { Schemas = [Changed], RequireSameSchemas = true }));
        Assert.Equal(XtmpErrorCode.HandshakeFailed, refused.Code);
        Assert.Contains("theatre", refused.Message);
        await using var same = await silo.ConnectAsync(configure: options => options with { Schemas = [TheatreCatalogue.Schema], RequireSameSchemas = true });
        Assert.Empty(same.Session!.SchemaMismatches);
    }

    [Fact]
    public async Task a_silo_refuses_a_client_of_another_version_where_it_is_told_to()
    {
        await using var silo = await TestSilo.StartAsync(options => options with { RequireSameSchemas = true }, [Theatre]);
        await Assert.ThrowsAsync<XtmpException>(() => silo.ConnectAsync(configure: options => options with { Schemas = [Changed] }));
        await silo.Log.WaitForAsync(line => line.Contains("SchemaMismatch", StringComparison.Ordinal));
        await using var client = await silo.ConnectAsync(configure: options => options with { Schemas = [TheatreCatalogue.Schema] });
        await new Theatre.SeatClient(client.Invoker).BookAsync(new BookSeat { Seat = 1, Guest = "Ada" });
    }

    [Fact]
    public async Task a_full_silo_says_so_and_goes_on_with_what_it_has()
    {
        const int MaxGrains = 12;
        await using var silo = await TestSilo.StartAsync(options => options with { Storage = new StoreLimits { MaxGrains = MaxGrains } }, Theatre);
        await using var client = await silo.ConnectAsync();
        var seats = new Theatre.SeatClient(client.Invoker);
        XtmpException? full = null;
        var booked = 0u;
        while (full is null)
        {
            try
            {
                await seats.BookAsync(new BookSeat { Seat = booked, Guest = "Ada" });
                Assert.True(++booked <= MaxGrains);
            }
            catch (XtmpException refused)
            {
                full = refused;
            }
        }

        Assert.Equal((XtmpErrorCode.StorageFull, true), (full.Code, full.Retryable));
        await seats.BookAsync(new BookSeat { Seat = 0, Guest = "Ada" });
        await Assert.ThrowsAsync<SeatTakenException>(() => seats.BookAsync(new BookSeat { Seat = 1, Guest = "Bob" }).AsTask());
        Assert.Equal(XtmpErrorCode.StorageFull, (await Assert.ThrowsAsync<XtmpException>(() => seats.BookAsync(new BookSeat { Seat = booked, Guest = "Ada" }).AsTask())).Code);
        Assert.Single(silo.Log.Lines, line => line.Contains("store is full: what is there", StringComparison.Ordinal));
    }

    private static SchemaInfo Changed => new(TheatreCatalogue.Protocol, 2, new byte[32], []);

    private sealed class TheatreSeatGrain : XtmpGrain<StoredSeat>, Theatre.ISeatHandler
    {
        public ValueTask<BookSeatReply> BookAsync(BookSeat request, CallContext context = default)
        {
            if (State is { } seat && seat.Guest != request.Guest)
            {
                throw new SeatTakenException(new SeatTaken { Guest = seat.Guest }, retryable: true, retryAfter: TimeSpan.FromSeconds(9));
            }

            State = new StoredSeat { Guest = request.Guest };
            Context.Publish("seat:" + Context.Key, new SeatGuest { Guest = request.Guest });
            return new(new BookSeatReply());
        }

        public async IAsyncEnumerable<SeatGuest> WatchAsync(WatchSeat request, CallContext context = default)
        {
            var guests = Context.Subscribe<SeatGuest>("seat:" + Context.Key);
            yield return new SeatGuest { Guest = State?.Guest ?? throw new SeatTakenException(new SeatTaken { Guest = "nobody" }) };
            await foreach (var guest in guests)
            {
                yield return guest.Item!;
            }
        }
    }

    private sealed class ChatSeatGrain : XtmpGrain<StoredChat>, Chat.ISeatHandler
    {
        public ValueTask<EnterSeatReply> EnterAsync(EnterSeat request, CallContext context = default)
        {
            State = new StoredChat { Count = (State?.Count ?? 0) + 1 };
            return new(new EnterSeatReply { Count = State.Count });
        }
    }
}
