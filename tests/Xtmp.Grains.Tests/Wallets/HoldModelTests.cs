using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Grains.Tests.Wallets;

/// <summary>
/// Generated sequences of transfers, holds, captures, releases, repeats and passing hours against a model, on silos that die
/// between any two commits. What a dead silo left unanswered is asked again. A failure names its seed.
/// </summary>
public sealed class HoldModelTests
{
    private const int Wallets = 3;
    private const int Steps = 80;
    private const ulong Opening = 500;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task holds_do_what_the_model_does(int seed)
    {
        try
        {
            await new Run(seed).ToEndAsync();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {seed}: {error.Message}", error);
        }
    }

    private sealed class Run(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly TestWallet[] _wallets = [.. Enumerable.Range(0, Wallets).Select(index => new TestWallet((ulong)((seed * 100) + index)))];
        private readonly ulong[] _balance = [.. Enumerable.Repeat(Opening, Wallets)];
        private readonly ulong[] _nonce = new ulong[Wallets];
        private readonly List<Hold> _holds = [];
        private readonly List<(Func<ValueTask<object>> Call, object? Reply, XtmpErrorCode Code)> _answered = [];
        private GrainsFixture _silo = null!;
        private int _hours;
        private int _deaths;
        private byte _operation;

        public async Task ToEndAsync()
        {
            // Classical signatures are enough here, and let the run make more steps in its time. Replies wait for no delivery,
            // which a dead silo would never make.
            await using (_silo = new GrainsFixture(new GrainOptions { OpeningBalance = Opening, RequirePqSignature = false, SettlementWait = TimeSpan.Zero }))
            {
                foreach (var wallet in _wallets)
                {
                    await _silo.Wallet.RegisterAsync(wallet.Registration(), wallet.Context);
                }

                Die();
                for (var step = 0; step < Steps; step++)
                {
                    await StepAsync();
                    await CompareAsync();
                }

                Assert.True(_deaths > 5, "The silo hardly ever died.");
                await _silo.Silo.WhenQuietAsync();
                Assert.Empty(await _silo.Store.ReadOutboxAsync(null, 10));
            }
        }

        private async Task StepAsync()
        {
            var self = _random.Next(Wallets);
            var other = (self + _random.Next(1, Wallets)) % Wallets;
            var third = _random.Next(Wallets);
            switch (_random.Next(10))
            {
                case 0 or 1:
                    var transfer = _wallets[self].Transfer(_wallets[other], Amount(300), _nonce[self]) with { PqSignature = null };
                    var paid = transfer.Amount <= _balance[self];
                    await AskAsync(async () => await _silo.Wallet.TransactionAsync(transfer, _wallets[self].Context), paid ? XtmpErrorCode.None : XtmpErrorCode.InsufficientFunds, isRepeatable: paid);
                    if (paid)
                    {
                        _balance[self] -= transfer.Amount;
                        _balance[other] += transfer.Amount;
                        _nonce[self]++;
                    }

                    break;
                case 2 or 3 or 4:
                    var request = _wallets[self].Hold(_wallets[other], Amount(200), Start.AddHours(_hours + _random.Next(5)).AddMinutes(30)) with { PqSignature = null };
                    var placed = request.Amount <= _balance[self];
                    await AskAsync(async () => (await _silo.Wallet.HoldAsync(request, _wallets[self].Context)).Hold.HoldId, placed ? XtmpErrorCode.None : XtmpErrorCode.InsufficientFunds, isRepeatable: placed);
                    if (placed)
                    {
                        _balance[self] -= request.Amount;
                        _holds.Add(new Hold(self, other, request));
                    }

                    break;
                case 5 or 6 when _holds.Count > 0:
                    await CaptureAsync(_holds[_random.Next(_holds.Count)], third);
                    break;
                case 7 when _holds.Count > 0:
                    var released = _holds[_random.Next(_holds.Count)];
                    await AskAsync(
                        async () => (await _silo.Wallet.HoldReleaseAsync(
                            new WalletHoldRelease { Wallet = released.Request.Wallet, HoldId = released.Request.OperationId, Captor = released.Request.Captor },
                            _wallets[released.Captor].Context)).Hold.HoldId,
                        XtmpErrorCode.None);
                    Close(released);
                    break;
                case 8 when _answered.Count > 0:
                    // A repeat from long ago is answered as then.
                    var (call, reply, code) = _answered[_random.Next(_answered.Count)];
                    Assert.Equal((reply, code), await CallAsync(call));
                    break;
                default:
                    _hours++;
                    _silo.Time.Advance(Start.AddHours(_hours) - _silo.Time.GetUtcNow());
                    foreach (var hold in _holds.Where(hold => hold.Request.ExpiresAt <= Start.AddHours(_hours)))
                    {
                        Close(hold);
                    }

                    await SettleAsync();
                    break;
            }
        }

        private async Task CaptureAsync(Hold hold, int to)
        {
            var request = new WalletHoldCapture
            {
                OperationId = Operation(),
                Wallet = hold.Request.Wallet,
                HoldId = hold.Request.OperationId,
                Captor = hold.Request.Captor,
                To = _wallets[to].Id,
                Amount = Amount(150),
                Final = _random.Next(3) == 0,
            };
            var code = !hold.IsOpen ? XtmpErrorCode.HoldClosed
                : request.Amount > hold.Left ? XtmpErrorCode.AmountInvalid
                : to == hold.Owner ? XtmpErrorCode.PayloadInvalid
                : XtmpErrorCode.None;
            await AskAsync(async () => await _silo.Wallet.HoldCaptureAsync(request, _wallets[hold.Captor].Context), code, isRepeatable: code == XtmpErrorCode.None);
            if (code == XtmpErrorCode.None)
            {
                hold.Left -= request.Amount;
                _balance[to] += request.Amount;
                if (request.Final || hold.Left == 0)
                {
                    Close(hold);
                }
            }
        }

        private void Close(Hold hold)
        {
            if (hold.IsOpen)
            {
                hold.IsOpen = false;
                _balance[hold.Owner] += hold.Left;
                hold.Left = 0;
            }
        }

        private async Task AskAsync(Func<ValueTask<object>> call, XtmpErrorCode expected, bool isRepeatable = false)
        {
            var (reply, code) = await CallAsync(call);
            Assert.Equal(expected, code);
            if (isRepeatable)
            {
                _answered.Add((call, reply, code));
            }
        }

        /// <summary>Until somebody answers.</summary>
        private async Task<(object? Reply, XtmpErrorCode Code)> CallAsync(Func<ValueTask<object>> call)
        {
            while (true)
            {
                try
                {
                    return (await call().AsTask().WaitAsync(GrainsFixture.Patience), XtmpErrorCode.None);
                }
                catch (XtmpException error) when (error.Code is XtmpErrorCode.StorageUnavailable or XtmpErrorCode.Timeout)
                {
                    Die();
                }
                catch (XtmpException error)
                {
                    return (null, error.Code);
                }
            }
        }

        private async Task CompareAsync()
        {
            await SettleAsync();
            for (var index = 0; index < Wallets; index++)
            {
                var wallet = _wallets[index];
                var (reply, _) = await CallAsync(async () => await _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context));
                var balance = Assert.IsType<WalletBalanceReply>(reply);
                var held = _holds.Where(hold => hold.Owner == index).Aggregate(0UL, (sum, hold) => sum + hold.Left);
                Assert.Equal((_balance[index], held, 0UL, _nonce[index]), (balance.Balance, balance.Held, balance.PendingOut, balance.Nonce));
                var (page, _) = await CallAsync(async () => await _silo.Wallet.HistoryAsync(new WalletHistory { Wallet = wallet.Id, Limit = 1 }, wallet.Context));
                var line = Assert.IsType<WalletHistoryReply>(page).Entries[0];
                Assert.Equal((balance.Balance, held), (line.Balance, line.Held));
            }
        }

        /// <summary>Deliveries and reminders are through, on a silo that lives.</summary>
        private async Task SettleAsync()
        {
            while (true)
            {
                await _silo.Silo.WhenQuietAsync();
                if (!_isDead)
                {
                    return;
                }

                Die();
            }
        }

        private bool _isDead;

        /// <summary>The silo is gone if it was not already, and a new one lives for some commits.</summary>
        private void Die()
        {
            _deaths++;
            _isDead = false;
            var store = new FaultyStore(_silo.Store);
            var left = _random.Next(1, 25);
            ValueTask Count(Xtmp.Storage.GrainCommit commit)
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    _isDead = true;
                    store.Crash();
                }

                return ValueTask.CompletedTask;
            }

            if (_random.Next(2) == 0)
            {
                store.AfterCommit = Count;
            }
            else
            {
                store.BeforeCommit = Count;
            }

            _silo.Restart(store);
        }

        private ulong Amount(int max) => (ulong)_random.Next(1, max);

        private byte[] Operation()
        {
            var operation = new byte[16];
            operation[0] = ++_operation;
            operation[1] = (byte)_random.Next(256);
            return operation;
        }

        private sealed class Hold(int owner, int captor, WalletHold request)
        {
            public int Owner { get; } = owner;

            public int Captor { get; } = captor;

            public WalletHold Request { get; } = request;

            public ulong Left { get; set; } = request.Amount;

            public bool IsOpen { get; set; } = true;
        }
    }
}
