using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Storage;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Wallets;

/// <summary>Registration, authentication inside a session, and who may see a balance.</summary>
public sealed class WalletIdentityTests : IAsyncDisposable
{
    private readonly GrainsFixture _silo = new();
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task registers_a_wallet_once()
    {
        var first = await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        Assert.False(first.Existing);
        Assert.Equal(1000UL, first.Balance);
        Assert.Equal(Currency, first.Currency);
        _silo.Time.Advance(TimeSpan.FromHours(1));
        var second = await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        Assert.Equal(first with { Existing = true }, second);
    }

    [Fact]
    public async Task refuses_an_id_that_is_not_the_fingerprint_of_the_keys()
    {
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.RegisterAsync(_alice.Registration() with { Wallet = _bob.Id }, _alice.Context), "wallet");
        var flipped = _alice.Registration().MlDsaKey.ToArray();
        flipped[100] ^= 1;
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.RegisterAsync(_alice.Registration() with { MlDsaKey = flipped }, _alice.Context), "wallet");
        await RefusedAsync(XtmpErrorCode.WalletUnknown, _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = _alice.Id }, _alice.Context), "wallet");
    }

    [Fact]
    public async Task refuses_a_registration_by_somebody_who_only_knows_the_public_keys()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);

        // A copy of what alice sent, in another session: neither her balance nor her nonce may come back.
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.RegisterAsync(_alice.Registration(), _bob.Context));
        var bobs = _bob.Authentication(_bob.Caller.WalletBinding.Span);
        var forged = _alice.Registration() with { MlDsaSignature = bobs.MlDsaSignature, Ed25519Signature = bobs.Ed25519Signature };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.RegisterAsync(forged, _bob.Context));
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Wallet.RegisterAsync(_alice.Registration()));
    }

    [Fact]
    public async Task authenticates_by_both_signatures_over_the_session()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        var reply = await _silo.Wallet.AuthAsync(_alice.Authentication(_alice.Caller.WalletBinding.Span), _alice.Context);
        Assert.True(reply.Wallet.Span.SequenceEqual(_alice.Id.Span));
        Assert.Equal(0UL, reply.Nonce);
    }

    [Fact]
    public async Task reads_a_wallet_of_an_earlier_silo_that_kept_the_keys_in_the_state()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await _silo.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
        var id = new GrainId("Wallet", _alice.Key);
        var record = await _silo.Store.LoadAsync(id);
        var registration = _alice.Registration();
        var earlier = StoredValues.Decode<WalletState>(record.State) with { MlDsaKey = registration.MlDsaKey, Ed25519Key = registration.Ed25519Key };
        Assert.Equal(CommitOutcome.Committed, await _silo.Store.CommitAsync(new GrainCommit
        {
            Id = id,
            ExpectedVersion = record.Version,
            State = StoredValues.Encode(earlier),
            Entries = [EntryWrite.Remove("keys")],
        }));

        _silo.Restart();
        await _silo.Wallet.AuthAsync(_alice.Authentication(_alice.Caller.WalletBinding.Span), _alice.Context);
        var sent = await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 10, nonce: 0), _alice.Context);
        Assert.Equal(990UL, sent.Balance);
        Assert.Null(StoredValues.Decode<WalletState>((await _silo.Store.LoadAsync(id)).State).MlDsaKey);
    }

    [Fact]
    public async Task refuses_an_authentication_made_for_another_session()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        var stolen = _alice.Authentication(TestWallet.Binding(77));
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.AuthAsync(stolen, _alice.Context));
    }

    [Theory]
    [InlineData("ml-dsa")]
    [InlineData("ed25519")]
    [InlineData("both by another wallet")]
    public async Task refuses_an_authentication_with_a_wrong_signature(string which)
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        var good = _alice.Authentication(_alice.Caller.WalletBinding.Span);
        var other = _bob.Authentication(_alice.Caller.WalletBinding.Span);
        var bad = which switch
        {
            "ml-dsa" => good with { MlDsaSignature = Flip(good.MlDsaSignature) },
            "ed25519" => good with { Ed25519Signature = Flip(good.Ed25519Signature) },
            _ => good with { MlDsaSignature = other.MlDsaSignature, Ed25519Signature = other.Ed25519Signature },
        };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.AuthAsync(bad, _alice.Context));
    }

    [Fact]
    public async Task refuses_an_authentication_outside_a_session()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        var signed = _alice.Authentication(_alice.Caller.WalletBinding.Span);
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Wallet.AuthAsync(signed));
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Wallet.AuthAsync(signed, new CallContext(Caller: _alice.Caller with { WalletBinding = default })));
    }

    [Fact]
    public async Task refuses_to_authenticate_a_wallet_nobody_registered() =>
        await RefusedAsync(XtmpErrorCode.WalletUnknown, _silo.Wallet.AuthAsync(_alice.Authentication(_alice.Caller.WalletBinding.Span), _alice.Context), "wallet");

    [Fact]
    public async Task tells_a_balance_to_its_owner_only()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        var request = new WalletBalance { Wallet = _alice.Id };
        var balance = await _silo.Wallet.BalanceAsync(request, _alice.Context);
        Assert.Equal(1000UL, balance.Balance);
        Assert.Equal(0UL, balance.PendingOut);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.BalanceAsync(request, _bob.Context), "wallet");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.BalanceAsync(request, new CallContext(Caller: _bob.Caller with { Wallet = default })), "wallet");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Wallet.BalanceAsync(request));
    }

    private static byte[] Flip(ReadOnlyMemory<byte> bytes)
    {
        var flipped = bytes.ToArray();
        flipped[flipped.Length / 3] ^= 1;
        return flipped;
    }

    [Fact]
    public async Task a_strangers_bad_authentications_do_not_keep_the_owner_out()
    {
        await using var fixture = new GrainsFixture();
        var owner = new TestWallet(1);
        await fixture.Wallet.RegisterAsync(owner.Registration(), owner.Context);
        var stranger = new CallContext(Caller: new CallerInfo { SessionId = 77, PeerAddress = "192.0.2.66:1", WalletBinding = TestWallet.Binding(77) });
        var bad = owner.Authentication(TestWallet.Binding(78));
        var attacks = Enumerable.Range(0, 2000).Select(_ => Task.Run(async () => await fixture.Wallet.AuthAsync(bad, stranger))).ToArray();
        for (var call = 0; call < 50; call++)
        {
            await fixture.Wallet.AuthAsync(owner.Authentication(owner.Caller.WalletBinding.Span), owner.Context);
            Assert.Equal(1000UL, (await fixture.Wallet.BalanceAsync(new WalletBalance { Wallet = owner.Id }, owner.Context)).Balance);
        }

        foreach (var attack in attacks)
        {
            var refusal = await Assert.ThrowsAsync<XtmpException>(() => attack);
            Assert.True(refusal.Code is XtmpErrorCode.SignatureInvalid or XtmpErrorCode.Overloaded, refusal.ToString());
        }
    }
}
