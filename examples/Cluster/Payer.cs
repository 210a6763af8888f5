using System.Diagnostics;
using Xtmp;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Cluster;

/// <summary>A wallet that pays another, one transfer after the other, over one connection that goes to whichever silo is there.</summary>
internal sealed class Payer : IAsyncDisposable
{
    private readonly IdentityKey _key = IdentityKey.Generate(SystemEntropy.Instance);
    private readonly CancellationTokenSource _stop = new();
    private readonly XtmpConnection _connection;
    private readonly string _network;
    private Task _paying = Task.CompletedTask;
    private long _acknowledged;
    private long _repeated;
    private long _longest;

    public Payer(IEnumerable<int> ports, Fingerprint silos, string network)
    {
        _network = network;
        _connection = new XtmpConnection(
            [.. ports.Select(port => new XtmpEndpoint("127.0.0.1", port))],
            new XtmpClientOptions { ServerTrust = TrustPolicy.Pinned(silos), Identity = _key, Network = network, MaxReconnectDelay = TimeSpan.FromSeconds(1) });
        Wallet = new XtmpWallet(_connection, _key);
    }

    public XtmpWallet Wallet { get; }

    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Transfers sent again, since nobody knew what had become of them.</summary>
    public long Repeated => Interlocked.Read(ref _repeated);

    /// <summary>Sum of the acknowledged transfers.</summary>
    public ulong Paid { get; private set; }

    public void Start(ReadOnlyMemory<byte> receiver) => _paying = PayAsync(receiver);

    /// <summary>The longest transfer since this was last asked.</summary>
    public TimeSpan TakeLongest() => TimeSpan.FromTicks(Interlocked.Exchange(ref _longest, 0));

    /// <summary>The transfer under way still ends.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _paying;
    }

    /// <summary>Waits until everything this wallet sent has arrived: what a killed silo left behind is found by the others within 30 s.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        while ((await Wallet.BalanceAsync(cancellationToken)).PendingOut != 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _connection.DisposeAsync();
        _key.Dispose();
        _stop.Dispose();
    }

    private async Task PayAsync(ReadOnlyMemory<byte> receiver)
    {
        for (ulong nonce = 0; !_stop.IsCancellationRequested; nonce++)
        {
            var amount = 1 + (nonce % 7);
            var transfer = XtmpWallet.SignTransfer(_key, _network, receiver, amount, "XTM", nonce);
            var started = Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    // The same signed transfer takes effect once, however often it is sent.
                    await Wallet.SendAsync(transfer, CancellationToken.None);
                    break;
                }
                catch (XtmpException error) when (error.Retryable || error.Code == XtmpErrorCode.OutcomeUnknown)
                {
                    Interlocked.Increment(ref _repeated);
                    await Task.Delay(TimeSpan.FromMilliseconds(50));
                }
            }

            Paid += amount;
            Interlocked.Increment(ref _acknowledged);
            var took = Stopwatch.GetElapsedTime(started).Ticks;
            if (took > Interlocked.Read(ref _longest))
            {
                Interlocked.Exchange(ref _longest, took);
            }
        }
    }
}
