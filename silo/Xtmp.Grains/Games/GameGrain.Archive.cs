using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains;

/// <content>
/// The archive, and the pay-out that rests on it. A table that has closed is paid out at once; one of which nothing is heard, or
/// whose holds would expire, by its last certificate.
/// </content>
public sealed partial class GameGrain
{
    private const string WakeReminder = "game";

    /// <summary>Bytes of a part of a roll. One with fields that nobody knows proves itself too, and could be of any size.</summary>
    private const int MaxRevealBytes = 512;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public ValueTask<GameArchiveReply> ArchiveAsync(GameArchive request, CallContext context = default)
    {
        var state = RequireState();
        if (state.Phase == (byte)GamePhase.Playing)
        {
            if (Take(request.Decided, request.Reveals) is { } wrong)
            {
                throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"Height {wrong} is not what the seats decided next.", "decided");
            }

            Wake();
        }

        return new(new GameArchiveReply { Height = State!.Height, Phase = PhaseOf(State) });
    }

    /// <summary>
    /// Takes values and parts of the roll in, each verified as a seat would: the height that does not follow, or null. A table that
    /// has closed is settled.
    /// </summary>
    private ulong? Take(IEnumerable<DecidedValue> values, IEnumerable<RandomnessReveal> reveals)
    {
        var state = State!;
        var table = Table(state)!;
        ulong? wrong = null;
        foreach (var decided in values)
        {
            if (decided.Value.Height <= table.Height)
            {
                continue;
            }

            if (table.Seats is not { } seats || !Certificates.Verify(seats, Verifier, decided) || _rules.Apply(table, decided.Value, out _) is not { } after || !TryAdmit(decided, ref state))
            {
                wrong = decided.Value.Height;
                break;
            }

            table = after;
            Context.Entries.Put(KeyOf(table.Height), decided);
        }

        // Parts that others have handed in stay.
        RandomnessReveal[] good = [.. Reveals(state).Concat(reveals).Where(reveal => table.Game.AwaitsRoll && reveal.GetEncodedSize() <= MaxRevealBytes && _rules.IsGood(table, reveal)).DistinctBy(reveal => reveal.Seat).OrderBy(reveal => reveal.Seat)];
        if (table.Height == state.Height && good.Length == Reveals(state).Length)
        {
            return wrong;
        }

        State = state with
        {
            Height = table.Height,
            Table = StoredValues.Encode(table.Encoded),
            Reveals = StoredValues.Encode(new GameArchive { GameId = GameId, Decided = [], Reveals = [.. good] }),
            ActiveAt = Context.Now,
        };
        if (table.Snapshot.Closed)
        {
            Settle(table);
        }

        return wrong;
    }

    /// <summary>Who was let in sits there from now on, with the hold that it waited with. False for anybody whose chips nobody has set aside.</summary>
    private bool TryAdmit(DecidedValue decided, ref GameState state)
    {
        foreach (var operation in decided.Value.Operations)
        {
            if (EncodedOperation.Parse<TableOperation>(operation.Body.Span) is not TableOperation.AdmitArm { Value.Request: var request })
            {
                continue;
            }

            var members = state.Members.ToArray();
            var index = Array.FindIndex(members, member => member.Until is not null && member.Request.Span.SequenceEqual(EncodedOperation.Of(request)));
            if (index < 0 || members[index].Until is not { } until || Context.Now >= until)
            {
                return false;
            }

            members[index] = members[index] with { Until = null };
            state = state with { Members = [.. members], Deadline = until < state.Deadline ? until : state.Deadline };
        }

        return true;
    }

    public async ValueTask<GameHistoryReply> HistoryAsync(GameHistory request, CallContext context = default)
    {
        var state = RequireState();
        var decided = new List<DecidedValue>();
        var bytes = 0;
        for (var height = request.FromHeight; height <= state.Height && decided.Count < 16; height++)
        {
            var value = await Context.Entries.ReadAsync<DecidedValue>(KeyOf(height)).ConfigureAwait(true);
            Invariant.Check(value is not null);
            bytes += value.GetEncodedSize();
            if (decided.Count > 0 && bytes > MaxHistoryBytes)
            {
                break;
            }

            decided.Add(value);
        }

        return new GameHistoryReply { Decided = [.. decided] };
    }

    protected override async ValueTask OnReminderAsync(string name)
    {
        if (name == WitnessReminder)
        {
            await ActAsync().ConfigureAwait(true);
            return;
        }

        if (State is not { } state || state.Phase is (byte)GamePhase.Settled or PayingOut)
        {
            await PayOutAsync().ConfigureAwait(true);
            return;
        }

        var isOver = Context.Now >= state.Deadline || Context.Now - state.ActiveAt >= _options.GamePatience;
        if (state.Phase == (byte)GamePhase.Playing && isOver)
        {
            Settle(Table(state)!);
        }
        else if (state.Phase == (byte)GamePhase.Open && Context.Now >= state.Deadline)
        {
            GiveAllBack();
        }

        Wake();
    }

    private static RandomnessReveal[] Reveals(GameState state) => state.Reveals.Length == 0 ? [] : StoredValues.Decode<GameArchive>(state.Reveals).Reveals.ToArray();

    /// <summary>Of a game that never began: everybody gets back what was set aside.</summary>
    private void GiveAllBack() =>
        State = State! with { Phase = PayingOut, Payouts = [.. State.Members.ToArray().Append(State.Bank).Select(member => member.BuyIn)] };

    /// <summary>Fixes what every place is owed; from here on the game is over. Paid is in a turn after the commit that says so.</summary>
    private void Settle(TableState table)
    {
        var state = State!;
        var settlement = Settlement.Of(_rules, table, Reveals(state));
        var owed = state.Members.ToArray().Select(member =>
        {
            if (member.Until is not null)
            {
                // The seats never let it in.
                return member.BuyIn;
            }

            var player = Request(member).Player;
            return settlement.Chips.Concat(table.Snapshot.PaidOut.ToArray()).Where(paid => paid.Player.Span.SequenceEqual(player.Span)).Aggregate(0UL, (sum, paid) => sum + paid.Chips);
        }).ToArray();
        var brought = state.Members.ToArray().Append(state.Bank).Aggregate(0UL, (sum, member) => sum + member.BuyIn);
        var waiting = state.Members.Where(member => member.Until is not null).Aggregate(0UL, (sum, member) => sum + member.BuyIn);
        Invariant.Check(brought - waiting == table.Snapshot.BroughtIn);
        State = state with { Phase = PayingOut, Payouts = [.. owed, brought - owed.Aggregate(0UL, (sum, chips) => sum + chips)] };
    }

    /// <summary>
    /// Pays out what is durably owed: were it paid in the turn that settles, and that turn lost, the table could play on and end
    /// otherwise. Every step may be repeated: captures have operation ids of their own, and a hold that is closed stays closed. So
    /// whatever breaks in between, the reminder comes back and ends it.
    /// </summary>
    private async ValueTask PayOutAsync()
    {
        if (State is not { Phase: PayingOut } state)
        {
            return;
        }

        GameMember[] places = [.. state.Members, state.Bank];
        var wallets = new WalletClient(Context.Calls);
        foreach (var payment in GameMoney.Payments([.. places.Select(place => place.BuyIn)], state.Payouts.ToArray()))
        {
            if (places[payment.From].Wallet.Span.SequenceEqual(places[payment.To].Wallet.Span))
            {
                // The bank plays too: what it owes itself comes back with the hold.
                continue;
            }

            try
            {
                await wallets.HoldCaptureAsync(new WalletHoldCapture
                {
                    OperationId = GameMoney.OperationOf(Context.Key, payment),
                    Wallet = places[payment.From].Wallet,
                    HoldId = places[payment.From].Hold!.Value,
                    Captor = Captor,
                    To = places[payment.To].Wallet,
                    Amount = payment.Amount,
                }).ConfigureAwait(true);
            }
            catch (XtmpException gone) when (gone.Code == XtmpErrorCode.HoldClosed)
            {
                // It expired while no silo ran. What it backed cannot be had any more; what the others are owed can.
            }
        }

        foreach (var place in places.Where(place => place.Hold is not null))
        {
            await ReleaseAsync(place.Wallet, place.Hold!.Value).ConfigureAwait(true);
        }

        State = state with { Phase = (byte)GamePhase.Settled };
        Tell(GamePhase.Settled);
        Wake();
    }

    private async ValueTask ReleaseAsync(ReadOnlyMemory<byte> wallet, ReadOnlyMemory<byte> hold) =>
        await new WalletClient(Context.Calls).HoldReleaseAsync(new WalletHoldRelease { Wallet = wallet, HoldId = hold, Captor = Captor }).ConfigureAwait(true);

    private void Wake()
    {
        var state = State!;
        if (state.Phase is (byte)GamePhase.Settled or PayingOut)
        {
            Context.RemoveReminder(WitnessReminder);
        }

        if (state.Phase == (byte)GamePhase.Settled)
        {
            Context.RemoveReminder(WakeReminder);
            return;
        }

        if (state.Phase == PayingOut)
        {
            Context.StartTimer(PayOutAsync, TimeSpan.Zero);
        }

        var idle = state.Phase == (byte)GamePhase.Playing ? state.ActiveAt + _options.GamePatience : state.Deadline;
        var due = state.Phase == PayingOut ? Context.Now : idle < state.Deadline ? idle : state.Deadline;
        Context.SetReminder(WakeReminder, due > Context.Now ? due - Context.Now : RetryAfter);
    }
}
