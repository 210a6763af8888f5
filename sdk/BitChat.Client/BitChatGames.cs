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
    private readonly TimeProvider _time;

    /// <param name="connection">To the silo; open.</param>
    /// <param name="wallet">Whose money is played for; registered.</param>
    /// <param name="identity">The wallet's keys, which sign holds.</param>
    /// <param name="key">The player's key; stays the caller's.</param>
    /// <param name="seed">The player's 32 secret bytes, kept as long as the key.</param>
    /// <param name="time">The clock; null: the system's.</param>
    public BitChatGames(XtmpConnection connection, XtmpWallet wallet, IdentityKey identity, Ed25519PrivateKey key, ReadOnlyMemory<byte> seed, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wallet);
        _connection = connection;
        _wallet = wallet;
        _identity = identity;
        _key = key;
        _time = time ?? TimeProvider.System;
        Secrets = PeerSecrets.Of(key, seed);
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
    /// <returns>The game's id.</returns>
    public async Task<byte[]> CreateAsync(string kind, int seats, int witnesses, ulong bank, ulong minBuyIn, CancellationToken cancellationToken = default)
    {
        var id = RandomNumberGenerator.GetBytes(16);
        var hold = await HoldAsync(id, bank, cancellationToken).ConfigureAwait(false);
        await Calls.CreateAsync(
            new GameCreate { GameId = id, Wallet = _wallet.Id, BankHold = hold, Kind = kind, Seats = (byte)seats, Witnesses = (byte)witnesses, MinBuyIn = minBuyIn },
            new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
        return id;
    }

    /// <summary>Takes a seat and begins to play once all are there.</summary>
    /// <param name="gameId">The game.</param>
    /// <param name="buyIn">Chips, set aside from the wallet; null for a witness. A seat that is taken already needs none again.</param>
    /// <param name="displayName">For people.</param>
    /// <param name="journal">File of the peer's journal; null for none.</param>
    /// <param name="cancellationToken">Gives up waiting for the others.</param>
    public async Task<GameTable> JoinAsync(ReadOnlyMemory<byte> gameId, ulong? buyIn, string displayName = "player", string? journal = null, CancellationToken cancellationToken = default)
    {
        var call = new CallContext(CancellationToken: cancellationToken);
        var status = await Calls.StatusAsync(new GameStatus { GameId = gameId }, call).ConfigureAwait(false);
        if (status.Phase == GamePhase.Open)
        {
            var publicKey = new byte[Ed25519.PublicKeySize];
            _key.WritePublicKey(publicKey);
            var request = new JoinRequest
            {
                Player = Secrets.PeerId,
                Ed25519Key = publicKey,
                DisplayName = displayName,
                Chips = buyIn ?? 0,
                ProtocolVersion = 1,
                Nonce = RandomNumberGenerator.GetBytes(16),
                DealKey = Secrets.DealKey,
                RequestSignature = new byte[Ed25519.SignatureSize],
            };
            request = request with { RequestSignature = Secrets.Signatures.Sign(PeerIds.JoinText(gameId.Span, request)) };
            ReadOnlyMemory<byte>? hold = buyIn is { } chips ? await HoldAsync(gameId, chips, cancellationToken).ConfigureAwait(false) : null;
            await Calls.JoinAsync(new GameJoin { GameId = gameId, Wallet = _wallet.Id, HoldId = hold, Player = request }, call).ConfigureAwait(false);
        }

        while ((status = await Calls.StatusAsync(new GameStatus { GameId = gameId }, call).ConfigureAwait(false)).First is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellationToken).ConfigureAwait(false);
        }

        var genesis = TableState.Parse(gameId, 0, status.First.State) ?? throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Peer, "The silo's table is none.");
        return new GameTable(Calls, Secrets, genesis, journal, _time);
    }

    private async Task<ReadOnlyMemory<byte>> HoldAsync(ReadOnlyMemory<byte> game, ulong amount, CancellationToken cancellationToken)
    {
        var balance = await new WalletClient(_wallet.Invoker).BalanceAsync(new WalletBalance { Wallet = _wallet.Id }, new CallContext(CancellationToken: cancellationToken)).ConfigureAwait(false);
        var unsigned = new WalletHold
        {
            OperationId = RandomNumberGenerator.GetBytes(16),
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
        return hold.OperationId;
    }
}
