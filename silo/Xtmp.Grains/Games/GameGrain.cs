using System.Globalization;
using System.Runtime.CompilerServices;
using BitChat.Messages;
using BitChat.Peer;
using Orleans.Placement;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A game: its seats and buy-ins, the relay between its peers, the archive of what they decided, and the pay-out. It decides
/// nothing of the game itself: what is archived is verified as a seat would, and money follows certified states alone.
/// </summary>
[RandomPlacement]
public sealed partial class GameGrain : XtmpGrain<GameState>, IGameHandler
{
    /// <summary>Envelopes kept in memory for a seat that is away for a moment; the oldest make room.</summary>
    public const int MaxRecent = 128;

    /// <summary>Bytes of them.</summary>
    public const int MaxRecentBytes = 1_024 * 1_024;

    /// <summary>Bytes of an envelope; what is longer no peer looks at.</summary>
    private const int MaxEnvelopeBytes = 256 * 1_024;

    /// <summary>Members in a game's life, those that left or wait counted.</summary>
    public const int MaxMembers = 64;

    /// <summary>How long before its hold may back it no more a request to join is no longer passed on.</summary>
    private static readonly TimeSpan AdmissionTime = TimeSpan.FromMinutes(10);

    private const int MaxHistoryBytes = 48 * 1_024;
    private const int MaxLeft = 60_000;
    private const byte PayingOut = 3;

    private static readonly Ed25519Verifier Verifier = new();

    private readonly GrainOptions _options;
    private readonly Queue<(GameEnvelope Envelope, int Size)> _recent = new();
    private readonly Dictionary<int, TimeSpan> _heard = [];
    private readonly TableRules _rules = new(Verifier, P256Group.Instance, new ProofCache());
    private int _recentBytes;
    private (GameState? Of, ReadOnlyMemory<byte>[] Ids) _players = (null, []);

    public GameGrain(GrainOptions options)
    {
        _options = options;
    }

    private ReadOnlyMemory<byte> GameId => Convert.FromHexString(Context.Key);

    private string Topic => "game:" + Context.Key;

    private string Captor => $"grain:Game/{Context.Key}";

    public async ValueTask<GameCreateReply> CreateAsync(GameCreate request, CallContext context = default)
    {
        RequireOwner(request.Wallet, context);
        try
        {
            return await OpenAsync(request).ConfigureAwait(true);
        }
        catch (XtmpException refusal) when (!refusal.Retryable)
        {
            await GiveBackAsync(request.Wallet, request.BankHold).ConfigureAwait(true);
            throw;
        }
    }

    public async ValueTask<GameJoinReply> JoinAsync(GameJoin request, CallContext context = default)
    {
        RequireOwner(request.Wallet, context);
        try
        {
            return await SeatAsync(request, context).ConfigureAwait(true);
        }
        catch (XtmpException refusal) when (!refusal.Retryable && request.HoldId is not null)
        {
            await GiveBackAsync(request.Wallet, request.HoldId.Value).ConfigureAwait(true);
            throw;
        }
    }

    private async ValueTask<GameCreateReply> OpenAsync(GameCreate request)
    {
        if (State is { } state)
        {
            return state.Bank.Wallet.Span.SequenceEqual(request.Wallet.Span) && state.Bank.Hold!.Value.Span.SequenceEqual(request.BankHold.Span)
                ? new GameCreateReply { GameId = request.GameId }
                : throw Refusal.Of(XtmpErrorCode.Conflict, "The game id was used for another game.", "game_id");
        }

        if (GameKind.Find(request.Kind) is null)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The games of this silo are {string.Join(", ", GameKind.All.Select(kind => kind.Name))}.", "kind");
        }

        if (request.Witnesses >= request.Seats)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "A game has players.", "witnesses");
        }

        if (request.SiloWitnesses > request.Witnesses)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The silo runs some of the witnesses.", "silo_witnesses");
        }

        var hold = await RequireHoldAsync(request.Wallet, request.BankHold).ConfigureAwait(true);
        var witnesses = MakeWitnesses(request.SiloWitnesses, request.PostQuantum);
        State = new GameState
        {
            Phase = (byte)GamePhase.Open,
            Kind = request.Kind,
            Seats = request.Seats,
            Witnesses = request.Witnesses,
            MinBuyIn = request.MinBuyIn,
            Bank = new GameMember { Wallet = request.Wallet, Hold = request.BankHold, BuyIn = hold.Amount, Request = Array.Empty<byte>() },
            Members = [.. witnesses.Select(witness => witness.Member)],
            PostQuantum = request.PostQuantum,
            SiloWitnesses = [.. witnesses.Select(witness => witness.Record)],
            First = Array.Empty<byte>(),
            Height = 0,
            Table = Array.Empty<byte>(),
            Reveals = Array.Empty<byte>(),
            Deadline = DeadlineOf(hold),
            ActiveAt = Context.Now,
            Payouts = [],
        };
        Tell(GamePhase.Open);
        Wake();
        return new GameCreateReply { GameId = request.GameId };
    }

    private async ValueTask<GameJoinReply> SeatAsync(GameJoin request, CallContext context)
    {
        var state = RequireState();
        var members = state.Members.ToArray();
        var known = Array.FindIndex(Players(), player => player.Span.SequenceEqual(request.Player.Player.Span));
        if (known >= 0)
        {
            if (!members[known].Wallet.Span.SequenceEqual(request.Wallet.Span))
            {
                throw Refusal.Of(XtmpErrorCode.Conflict, "The player sits there for another wallet.", "player.player");
            }

            if (request.HoldId is { } second)
            {
                await GiveBackAsync(request.Wallet, second).ConfigureAwait(true);
            }

            return new GameJoinReply { Seat = SeatOf(known), Phase = PhaseOf(state) };
        }

        var player = request.Player;
        var isWitness = request.HoldId is null;
        RequireRoom(state, isWitness);
        var key = new Seat { Number = 0, Peer = player.Player, Ed25519Key = player.Ed25519Key, DealKey = player.DealKey };
        if (!player.Player.Span.SequenceEqual(PeerIds.Of(player.Ed25519Key.Span))
            || P256Group.Instance.Decode(player.DealKey.Span) is null
            || !Verifier.Verify(key, PeerIds.JoinText(GameId.Span, player), player.RequestSignature.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "The player has not signed the request.", "player.request_signature");
        }

        if (player.UnknownFields is not null)
        {
            // With them it has any size, and no seat would take it.
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The request has fields that this silo does not know.", "player");
        }

        if (player.PostQuantumKey is not null != state.PostQuantum)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, state.PostQuantum ? "Every seat of this game has an ML-DSA-87 key." : "The seats of this game have no ML-DSA-87 keys.", "player.post_quantum_key");
        }

        if (request.Device is { } device)
        {
            // Asked in the caller's name, so that nobody has envelopes left for somebody else's.
            await new DeviceClient(Context.Calls).StatusAsync(new DeviceStatus { DeviceId = device }, new CallContext(Caller: context.Caller)).ConfigureAwait(true);
        }

        var (buyIn, deadline) = (0UL, state.Deadline);
        if (request.HoldId is { } holdId)
        {
            var hold = await RequireHoldAsync(request.Wallet, holdId).ConfigureAwait(true);
            buyIn = hold.Amount;
            deadline = DeadlineOf(hold) < deadline ? DeadlineOf(hold) : deadline;
            if (buyIn < state.MinBuyIn || IsUsed(request.Wallet, holdId))
            {
                throw Refusal.Of(XtmpErrorCode.AmountInvalid, $"A buy-in is a hold of its own of at least {state.MinBuyIn}.", "hold_id");
            }
        }

        if (player.Chips != buyIn)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The chips are the hold's amount.", "player.chips");
        }

        var member = new GameMember { Wallet = request.Wallet, Hold = request.HoldId, BuyIn = buyIn, Request = EncodedOperation.Of(player), Device = request.Device };
        if (state.Phase == (byte)GamePhase.Playing)
        {
            // The seats decide; its hold shortens nobody's game until they have.
            State = state with { Members = [.. members, member with { Until = deadline }] };
        }
        else
        {
            // Witnesses sit behind the players, whenever they came: the numbers are final once all are there.
            var players = members.Where(other => other.Hold is not null);
            var witnesses = members.Where(other => other.Hold is null);
            members = isWitness ? [.. players, .. witnesses, member] : [.. players, member, .. witnesses];
            State = state with { Members = [.. members], Deadline = deadline, ActiveAt = Context.Now };
            if (members.Length == state.Seats)
            {
                await TryBeginAsync().ConfigureAwait(true);
            }

            Tell(PhaseOf(State));
            Wake();
            await ActAsync().ConfigureAwait(true);
        }

        return new GameJoinReply { Seat = SeatOf(Array.FindIndex(Players(), id => id.Span.SequenceEqual(player.Player.Span))), Phase = PhaseOf(State) };
    }

    public async ValueTask<GameLeaveReply> LeaveAsync(GameLeave request, CallContext context = default)
    {
        RequireOwner(request.Wallet, context);
        var state = RequireState();
        if (request.Close)
        {
            return Close(request.Wallet);
        }

        var leaving = state.Members.ToArray().Where(member => member.Wallet.Span.SequenceEqual(request.Wallet.Span)).ToArray();
        if (state.Phase != (byte)GamePhase.Open)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The game has begun; it is left at the table.", "game_id");
        }

        if (leaving.Length == 0)
        {
            // Else anybody could move the game to the end of the lobby, where the last to be dropped are.
            return new GameLeaveReply { Taken = (byte)state.Members.Count };
        }

        foreach (var member in leaving.Where(member => member.Hold is not null))
        {
            await ReleaseAsync(member.Wallet, member.Hold!.Value).ConfigureAwait(true);
        }

        State = state with { Members = [.. state.Members.ToArray().Except(leaving)], ActiveAt = Context.Now };
        Tell(GamePhase.Open);
        return new GameLeaveReply { Taken = (byte)State.Members.Count };
    }

    /// <summary>Ends a game that has not begun. What was set aside comes back in the turns after, as when its deadline passes.</summary>
    private GameLeaveReply Close(ReadOnlyMemory<byte> wallet)
    {
        var state = State!;
        if (!state.Bank.Wallet.Span.SequenceEqual(wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Only who keeps the bank closes a game.", "close");
        }

        if (state.Phase == (byte)GamePhase.Playing || state.First.Length > 0)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The game has begun; it ends when its players leave the table.", "close");
        }

        if (state.Phase == (byte)GamePhase.Open)
        {
            GiveAllBack();
            Wake();
        }

        return new GameLeaveReply { Taken = 0 };
    }

    public ValueTask DeliverAsync(GameMessage request, CallContext context = default)
    {
        var state = RequireState();
        var caller = context.RequireCaller().Wallet;
        if (!state.Members.Any(member => member.Wallet.Span.SequenceEqual(caller.Span)))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session speaks for no wallet of this game.", "envelope");
        }

        if (!request.Envelope.GameId.Span.SequenceEqual(request.GameId.Span)
            || !Array.Exists(Players(), player => player.Span.SequenceEqual(request.Envelope.Sender.Span)))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Peers of the game alone speak in it.", "envelope.sender");
        }

        if (request.Envelope.GetEncodedSize() > MaxEnvelopeBytes)
        {
            throw Refusal.Of(XtmpErrorCode.LimitExceeded, $"An envelope has at most {MaxEnvelopeBytes:N0} bytes.", "envelope");
        }

        if (request.Envelope.Payload is ConsensusPayload.JoinRequestArm { Value: var join } && !IsVouchedFor(join))
        {
            // What is passed on of these the seats believe.
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Nothing is set aside for this request.", "envelope.payload");
        }

        var envelope = new GameEnvelope { Envelope = request.Envelope, To = request.To };
        Relay(envelope, caller);
        return ActAsync(envelope);
    }

    public IAsyncEnumerable<GameEnvelope> FollowAsync(GameSubscribe request, CallContext context = default)
    {
        RequireState();
        GameEnvelope[] recent = [.. _recent.Select(kept => kept.Envelope)];
        var live = Context.Subscribe<GameEnvelope>(Topic);
        return Context.OpenStream(() => new ValueTask<IAsyncEnumerable<GameEnvelope>>(Stream(recent, live, context.CancellationToken)));
    }

    public ValueTask<GameStatusReply> StatusAsync(GameStatus request, CallContext context = default)
    {
        var state = RequireState();
        var table = Table(state);
        return new(new GameStatusReply
        {
            GameId = request.GameId,
            Epoch = table?.Snapshot.Epoch ?? 0,
            Height = state.Height,
            StateRoot = table?.Root ?? new byte[32],
            Seats = table?.Snapshot.Seats ?? [],
            Checkpoint = null,
            Phase = PhaseOf(state),
            PostQuantum = state.PostQuantum,
            Waiting = [.. Players().Where((_, member) => state.Members[member].Until > Context.Now)],
            First = state.First.Length == 0 ? null : StoredValues.Decode<TranscriptStart>(state.First),
            Payouts = [.. state.Payouts.ToArray().Select((chips, place) =>
            {
                var member = place < state.Members.Count ? state.Members[place] : state.Bank;
                return new GamePayout { Wallet = member.Wallet, BuyIn = member.BuyIn, Chips = chips };
            })],
        });
    }

    /// <param name="envelope">The envelope.</param>
    /// <param name="from">The wallet whose session it came from; empty where the silo's own seats speak.</param>
    private void Relay(GameEnvelope envelope, ReadOnlyMemory<byte> from = default)
    {
        // For a seat that is away for a moment; what it misses beyond it gets from the other seats.
        var size = envelope.GetEncodedSize();
        _recent.Enqueue((envelope, size));
        for (_recentBytes += size; _recent.Count > MaxRecent || _recentBytes > MaxRecentBytes;)
        {
            _recentBytes -= _recent.Dequeue().Size;
        }

        Context.Publish(Topic, envelope);
        LeaveForDevices(envelope, from);
    }

    /// <summary>True for the request of a player that waits to be let in, with chips that are set aside for long enough.</summary>
    private bool IsVouchedFor(JoinRequest request) =>
        State!.Members.Any(member => member.Until - AdmissionTime > Context.Now && member.Request.Span.SequenceEqual(EncodedOperation.Of(request)));

    /// <summary>The members' peers, in their order.</summary>
    private ReadOnlyMemory<byte>[] Players()
    {
        if (!ReferenceEquals(_players.Of, State))
        {
            _players = (State, [.. State!.Members.Select(member => Request(member).Player)]);
        }

        return _players.Ids;
    }

    /// <summary>The seat of a member; of one that waits, or has gone, the next free one.</summary>
    private byte SeatOf(int member)
    {
        var state = State!;
        return Table(state) is not { } table ? (byte)member
            : (byte)Math.Min(SeatSet.MaxSeats - 1, table.Seats?.Find(Players()[member].Span) ?? table.Snapshot.Seats.Count);
    }

    private void RequireRoom(GameState state, bool isWitness)
    {
        if (state.Phase == (byte)GamePhase.Open)
        {
            if (state.Members.Count(member => member.Hold is null == isWitness) >= (isWitness ? state.Witnesses : state.Seats - state.Witnesses))
            {
                throw Refusal.Of(XtmpErrorCode.Conflict, isWitness ? "All witnesses are there." : "All players are there.", "hold_id");
            }
        }
        else if (state.Phase != (byte)GamePhase.Playing)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The game is over.", "game_id");
        }
        else if (isWitness)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "The game has begun; who comes now brings chips.", "hold_id");
        }
        else if (Table(state) is { Snapshot.Seats.Count: < SeatSet.MaxSeats } table && !TableRules.TakesMore(table))
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "So many have come and gone that the table takes nobody any more; open another.", "game_id");
        }
        else if (state.Members.Count >= MaxMembers || Table(state)!.Snapshot.Seats.Count + state.Members.Count(member => member.Until > Context.Now) >= SeatSet.MaxSeats)
        {
            throw Refusal.Of(XtmpErrorCode.Conflict, "All seats are taken or waited for.", "game_id");
        }
    }

    /// <summary>Leaves what matters later, proposals and operations, for the devices of players of which nothing has been heard of late.</summary>
    private void LeaveForDevices(GameEnvelope envelope, ReadOnlyMemory<byte> from)
    {
        var members = State!.Members;
        var now = Context.Monotonic;
        for (var number = 0; number < members.Count; number++)
        {
            var player = Players()[number];
            if (player.Span.SequenceEqual(envelope.Envelope.Sender.Span))
            {
                // Others pass on what it once said; that is no sign of it.
                if (members[number].Wallet.Span.SequenceEqual(from.Span))
                {
                    _heard[number] = now;
                }
            }
            else if (members[number].Device is { } device
                && (envelope.To is not { } to || to.Span.SequenceEqual(player.Span))
                && envelope.Envelope.Payload is ConsensusPayload.ProposalArm or ConsensusPayload.OperationArm)
            {
                // After a start everybody is given the time to be heard.
                _heard.TryAdd(number, now);
                if (now - _heard[number] >= PartitionRecoveryManager.Silence && EncodedOperation.Of(envelope) is { Length: <= MaxLeft } content)
                {
                    Context.Send(DeviceMethods.Post, new DevicePost { DeviceId = device, Source = Captor, Content = content }, _options.SettlementWait);
                }
            }
        }
    }

    private static async IAsyncEnumerable<GameEnvelope> Stream(GameEnvelope[] recent, IAsyncEnumerable<TopicEvent<GameEnvelope>> live, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var envelope in recent)
        {
            yield return envelope;
        }

        await foreach (var (item, _) in live.WithCancellation(cancellationToken).ConfigureAwait(true))
        {
            // What a slow follower missed the peers repair among themselves.
            if (item is not null)
            {
                yield return item;
            }
        }
    }

    private static void RequireOwner(ReadOnlyMemory<byte> wallet, CallContext context)
    {
        if (!context.RequireCaller().Wallet.Span.SequenceEqual(wallet.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "The session does not speak for this wallet.", "wallet");
        }
    }

    private static JoinRequest Request(GameMember member) => StoredValues.Decode<JoinRequest>(member.Request);

    private static GamePhase PhaseOf(GameState state) => state.Phase == PayingOut ? GamePhase.Playing : (GamePhase)state.Phase;

    /// <summary>An hour before the hold comes back by itself.</summary>
    private static DateTimeOffset DeadlineOf(HoldInfo hold) => hold.ExpiresAt - TimeSpan.FromHours(1);

    private GameState RequireState() => State ?? throw Refusal.Of(XtmpErrorCode.NotFound, "There is no such game.", "game_id");

    private TableState? Table(GameState state) => state.Table.Length == 0 ? null : TableState.Parse(GameId, state.Height, StoredValues.Decode<TableSnapshot>(state.Table));

    private async ValueTask<HoldInfo> HoldOfAsync(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> id) =>
        (await new WalletClient(Context.Calls).HoldStatusAsync(new WalletHoldStatus { Wallet = wallet, HoldId = id }).ConfigureAwait(true)).Hold;

    /// <summary>True for a hold that backs a place already, a seat or the bank. Hold ids are the wallet's own choice.</summary>
    private bool IsUsed(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> id) =>
        State is { } state && state.Members.ToArray().Append(state.Bank).Any(place => place.Hold is { } used && used.Span.SequenceEqual(id.Span) && place.Wallet.Span.SequenceEqual(wallet.Span));

    /// <summary>Gives back a hold for this game with which nobody was let in: it would be set aside until it expires.</summary>
    private async ValueTask GiveBackAsync(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> id)
    {
        if (IsUsed(wallet, id))
        {
            return;
        }

        try
        {
            await ReleaseAsync(wallet, id).ConfigureAwait(true);
        }
        catch (XtmpException)
        {
            // There is none, or it is another's: what the caller hears is why it was refused.
        }
    }

    private async ValueTask<HoldInfo> RequireHoldAsync(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> id)
    {
        var hold = await HoldOfAsync(wallet, id).ConfigureAwait(true);
        return hold.State == HoldState.Open && hold.Captured == 0 && hold.Captor == Captor && hold.ExpiresAt >= Context.Now + TimeSpan.FromHours(2)
            ? hold
            : throw Refusal.Of(XtmpErrorCode.HoldClosed, $"A hold for {Captor} is needed, untouched and open for two hours at least.", "hold_id");
    }

    /// <summary>
    /// Begins where every seat's hold still stands. One that was released as its player left, before a silo died that had not freed
    /// the seat yet, backs nobody: that seat is free. The game ends before the first of the holds expires that are left.
    /// </summary>
    private async ValueTask TryBeginAsync()
    {
        var state = State!;
        var deadline = DeadlineOf(await HoldOfAsync(state.Bank.Wallet, state.Bank.Hold!.Value).ConfigureAwait(true));
        var backed = new List<GameMember>();
        foreach (var member in state.Members.ToArray())
        {
            var hold = member.Hold is { } id ? await HoldOfAsync(member.Wallet, id).ConfigureAwait(true) : null;
            if (hold is null or { State: HoldState.Open })
            {
                backed.Add(member);
                deadline = hold is not null && DeadlineOf(hold) < deadline ? DeadlineOf(hold) : deadline;
            }
        }

        State = state with { Members = [.. backed], Deadline = deadline };
        if (backed.Count == state.Seats)
        {
            Begin();
        }
    }

    private void Begin()
    {
        var state = State!;
        var members = state.Members.ToArray();
        var table = TableState.Open(
            GameId,
            GameKind.Find(state.Kind)!,
            [.. members.Select((member, number) =>
            {
                var request = Request(member);
                return new Seat { Number = (byte)number, Peer = request.Player, Ed25519Key = request.Ed25519Key, DealKey = request.DealKey, Witness = member.Hold is null, PostQuantumKey = request.PostQuantumKey };
            })],
            [.. members.Select(member => member.BuyIn)],
            state.Bank.BuyIn,
            Context.Now,
            state.PostQuantum);
        if (state.SiloWitnesses.Count > 0)
        {
            // A witness's timer goes with a turn that fails, and with the silo: this brings its seat back, whoever is silent.
            Context.SetReminder(WitnessReminder, PartitionRecoveryManager.Silence, PartitionRecoveryManager.Silence);
        }

        State = state with
        {
            Phase = (byte)GamePhase.Playing,
            First = StoredValues.Encode(new TranscriptStart { GameId = GameId, State = table.Encoded }),
            Table = StoredValues.Encode(table.Encoded),
        };
    }

    private void Tell(GamePhase phase) => Context.Send(
        LobbyMethods.Note,
        new LobbyNote
        {
            Lobby = State!.Kind,
            Game = new GameSummary { GameId = GameId, Kind = State.Kind, Seats = State.Seats, Taken = (byte)Math.Min(SeatSet.MaxSeats, State.Members.Count), MinBuyIn = State.MinBuyIn },
            Phase = phase,
        },
        _options.SettlementWait);

    private static string KeyOf(ulong height) => string.Create(CultureInfo.InvariantCulture, $"decided/{height:d20}");
}
