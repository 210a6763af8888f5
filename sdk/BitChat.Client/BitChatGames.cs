using System.Security.Cryptography;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace BitChat.Client;

/// <summary>Games of a silo, for one wallet and one player. Safe for concurrent use.</summary>
public sealed class BitChatGames
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromHours(12);

    private readonly XtmpConnection _connection;
    private readonly XtmpWallet _wallet;
    private readonly IdentityKey _identity;
    private readonly Ed25519PrivateKey _key;
    private readonly MlDsa87PrivateKey? _postQuantum;
    private readonly TimeProvider _time;

    /// <param name="connection">To the silo; open.</param>
    /// <param name="wallet">Whose money is played for; registered.</param>
    /// <param name="identity">The wallet's keys, which sign holds.</param>
    /// <param name="key">The player's key; stays the caller's.</param>
    /// <param name="seed">The player's 32 secret bytes, kept as long as the key.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="postQuantum">The player's second key, for post-quantum tables; stays the caller's too.</param>
    public BitChatGames(XtmpConnection connection, XtmpWallet wallet, IdentityKey identity, Ed25519PrivateKey key, ReadOnlyMemory<byte> seed, TimeProvider? time = null, MlDsa87PrivateKey? postQuantum = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wallet);
        _connection = connection;
        _wallet = wallet;
        _identity = identity;
        _key = key;
        _postQuantum = postQuantum;
        _time = time ?? TimeProvider.System;
        Secrets = PeerSecrets.Of(key, seed, postQuantum);
        Calls = new GameClient(wallet.Invoker);
    }

    /// <summary>Who plays.</summary>
    public PeerSecrets Secrets { get; }

    /// <summary>The game's calls, in the wallet's name.</summary>
    public GameClient Calls { get; }

    /// <summary>Open games of a kind.</summary>
    public async Task<IReadOnlyList<GameSummary>> ListAsync(string kind, CancellationToken cancellationToken = default) =>
        (await new LobbyClient(_wallet.Invoker).ListAsync(new LobbyList { Lobby = kind }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false)).Games.ToArray();

    /// <summary>Opens a game and keeps its bank.</summary>
    /// <param name="kind">What is played.</param>
    /// <param name="seats">2 to 8, witnesses too.</param>
    /// <param name="witnesses">How many of them vote and hold no chips.</param>
    /// <param name="bank">Chips of the bank, set aside from the wallet.</param>
    /// <param name="minBuyIn">Least buy-in.</param>
    /// <param name="siloWitnesses">How many of the witnesses the silo runs itself.</param>
    /// <param name="isPostQuantum">True where certificates are to carry ML-DSA-87 signatures too; every player then needs such a key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The game's id.</returns>
    public async Task<byte[]> CreateAsync(string kind, int seats, int witnesses, ulong bank, ulong minBuyIn, int siloWitnesses = 0, bool isPostQuantum = false, CancellationToken cancellationToken = default)
    {
        var id = RandomNumberGenerator.GetBytes(16);
        var hold = RandomNumberGenerator.GetBytes(16);
        await HoldAsync(id, hold, bank, cancellationToken).ConfigureAwait(false);
        await Calls.CreateAsync(
            new GameCreate { GameId = id, Wallet = _wallet.Id, BankHold = hold, Kind = kind, Seats = (byte)seats, Witnesses = (byte)witnesses, MinBuyIn = minBuyIn, SiloWitnesses = (byte)siloWitnesses, PostQuantum = isPostQuantum },
            new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
        return id;
    }

    /// <summary>
    /// Takes a seat and begins to play once all are there. At a table that plays already the seats let the player in by a quorum,
    /// between two rolls.
    /// </summary>
    /// <param name="gameId">The game.</param>
    /// <param name="buyIn">Chips, set aside from the wallet; null for a witness. A seat that is taken already needs none again.</param>
    /// <param name="displayName">For people.</param>
    /// <param name="journal">File of the peer's journal, one a game; null for none, and then a player that starts again could sign twice.</param>
    /// <param name="cancellationToken">Gives up waiting for the others. What was set aside then waits for the end of the game.</param>
    /// <exception cref="XtmpException">What the silo refuses; <see cref="XtmpErrorCode.Conflict"/> where the game ends before the player sits there; of the journal <see cref="XtmpErrorCode.Conflict"/> (another process plays with it, or it is of another game), <see cref="XtmpErrorCode.PayloadMalformed"/> (damaged), <see cref="XtmpErrorCode.StorageUnavailable"/>.</exception>
    public async Task<GameTable> JoinAsync(ReadOnlyMemory<byte> gameId, ulong? buyIn, string displayName = "player", string? journal = null, CancellationToken cancellationToken = default)
    {
        var call = new CallContext(CancellationToken: cancellationToken);
        var status = await Calls.StatusAsync(new GameStatus { GameId = gameId }, call).ConfigureAwait(false);
        bool IsMe(ReadOnlyMemory<byte> player) => player.Span.SequenceEqual(Secrets.PeerId.Span);
        var request = Request(gameId, displayName, buyIn ?? 0, status.PostQuantum);
        var waits = status.Waiting.Any(IsMe);
        var wasSeated = status.Seats.Any(seat => IsMe(seat.Peer)) || (status.First is { } begun && begun.State.Seats.Any(seat => IsMe(seat.Peer)));
        if (!waits && !wasSeated && status.Phase is GamePhase.Open or GamePhase.Playing)
        {
            ReadOnlyMemory<byte>? hold = buyIn is { } chips ? await BuyInAsync(gameId, chips, cancellationToken).ConfigureAwait(false) : null;
            await Calls.JoinAsync(new GameJoin { GameId = gameId, Wallet = _wallet.Id, HoldId = hold, Player = request }, call).ConfigureAwait(false);
            waits = status.Phase == GamePhase.Playing;
        }

        status = await BegunAsync(Calls, gameId, _time, cancellationToken).ConfigureAwait(false);
        var genesis = TableState.Parse(gameId, 0, status.First!.State) ?? throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Peer, "The silo's table is none.");
        var table = new GameTable(Calls, Secrets, genesis, journal, _time, waits ? request : null);
        if (waits)
        {
            try
            {
                await SeatedAsync(table, Calls, gameId, Secrets.PeerId, _time, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                await table.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        return table;
    }

    /// <summary>Closes a game that this wallet keeps the bank of and that has not begun. Everybody gets back what was set aside.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.Conflict"/> once it has begun, <see cref="XtmpErrorCode.PermissionDenied"/> where another wallet keeps the bank.</exception>
    public async Task CloseAsync(ReadOnlyMemory<byte> gameId, CancellationToken cancellationToken = default) =>
        await Calls.LeaveAsync(new GameLeave { GameId = gameId, Wallet = _wallet.Id, Close = true }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);

    /// <summary>Waits until all seats are taken; a game that ends before is said so.</summary>
    internal static async Task<GameStatusReply> BegunAsync(GameClient calls, ReadOnlyMemory<byte> gameId, TimeProvider time, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            var status = await calls.StatusAsync(new GameStatus { GameId = gameId }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
            if (status.First is not null)
            {
                return status;
            }

            if (status.Phase == GamePhase.Settled)
            {
                throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "The game was over before all seats were taken.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until the seats have let the player in; where they can no more, that is said.</summary>
    internal static async Task SeatedAsync(GameTable table, GameClient calls, ReadOnlyMemory<byte> gameId, ReadOnlyMemory<byte> player, TimeProvider time, CancellationToken cancellationToken)
    {
        bool IsMe(ReadOnlyMemory<byte> other) => other.Span.SequenceEqual(player.Span);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        async Task<GameStatusReply?> StatusAsync()
        {
            try
            {
                return await calls.StatusAsync(new GameStatus { GameId = gameId }, new CallContext(CancellationToken: stop.Token)).ConfigureAwait(false);
            }
            catch (XtmpException)
            {
                // Asked again.
                stop.Token.ThrowIfCancellationRequested();
                return null;
            }
        }

        var seated = table.WaitForAsync(state => state.Seats?.Find(player.Span) is not null, stop.Token);
        try
        {
            while (!seated.IsCompleted)
            {
                if (await StatusAsync().ConfigureAwait(false) is { } status && (status.Phase == GamePhase.Settled || !(status.Waiting.Any(IsMe) || status.Seats.Any(seat => IsMe(seat.Peer)))))
                {
                    throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, "The seats have not let the player in, and cannot any more; what was set aside comes back with the end of the game.");
                }

                await Task.WhenAny(seated, Task.Delay(TimeSpan.FromSeconds(1), time, stop.Token)).ConfigureAwait(false);
            }

            await seated.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The same for the same game, so that who starts again while it waits asks for the same.</summary>
    private JoinRequest Request(ReadOnlyMemory<byte> gameId, string displayName, ulong chips, bool isPostQuantum)
    {
        var publicKey = new byte[Ed25519.PublicKeySize];
        _key.WritePublicKey(publicKey);
        byte[]? second = null;
        if (isPostQuantum)
        {
            second = new byte[MlDsa87.PublicKeySize];
            (_postQuantum ?? throw new XtmpException(XtmpErrorCode.PermissionDenied, Fault.Local, "This table is post-quantum, and the player has no ML-DSA-87 key.")).WritePublicKey(second);
        }

        return Secrets.Request(gameId.Span, publicKey, second is null ? default(ReadOnlyMemory<byte>?) : second, displayName, chips, Sha256.HashData([.. "BITCHAT1 join nonce"u8, .. Secrets.Seed.Span, .. gameId.Span])[..16]);
    }

    /// <summary>Sets the buy-in aside, once: who starts again while it waits for the others finds the hold that it has placed.</summary>
    private async Task<ReadOnlyMemory<byte>> BuyInAsync(ReadOnlyMemory<byte> game, ulong amount, CancellationToken cancellationToken)
    {
        for (byte attempt = 0; ; attempt = checked((byte)(attempt + 1)))
        {
            var id = Sha256.HashData([.. "BITCHAT1 buy-in"u8, .. Secrets.Seed.Span, .. game.Span, attempt])[..16];
            try
            {
                var placed = (await new WalletClient(_wallet.Invoker).HoldStatusAsync(new WalletHoldStatus { Wallet = _wallet.Id, HoldId = id }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false)).Hold;
                if (placed.State == HoldState.Open && placed.Amount == amount)
                {
                    return id;
                }
            }
            catch (XtmpException none) when (none.Code == XtmpErrorCode.HoldUnknown)
            {
                await HoldAsync(game, id, amount, cancellationToken).ConfigureAwait(false);
                return id;
            }
        }
    }

    private async Task HoldAsync(ReadOnlyMemory<byte> game, ReadOnlyMemory<byte> id, ulong amount, CancellationToken cancellationToken)
    {
        var balance = await new WalletClient(_wallet.Invoker).BalanceAsync(new WalletBalance { Wallet = _wallet.Id }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
        var unsigned = new WalletHold
        {
            OperationId = id,
            Wallet = _wallet.Id,
            Amount = amount,
            Currency = balance.Currency,
            Captor = "grain:Game/" + Convert.ToHexStringLower(game.Span),
            ExpiresAt = _time.GetUtcNow() + HoldTime,
            Signature = new byte[Ed25519.SignatureSize],
        };
        var network = _connection.Network ?? throw new XtmpException(XtmpErrorCode.ConnectionLost, Fault.Local, "The connection is not open.");
        var hold = WalletSigning.SignHold(unsigned, network, _identity, SystemEntropy.Instance);
        await new WalletClient(_wallet.Invoker).HoldAsync(hold, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
    }
}
