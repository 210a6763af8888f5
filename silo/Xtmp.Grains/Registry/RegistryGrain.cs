using System.Globalization;
using System.Security.Cryptography;
using Orleans.Placement;
using Xtmp.Crypto;
using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>
/// A name of the shadow registry: its owner's signed record, and the chain of time stamps given under it. The first to
/// publish a name owns it until its record expires.
/// </summary>
[RandomPlacement]
public sealed class RegistryGrain : XtmpGrain<RegistryState>, IRegistryHandler
{
    private const string RevisionPrefix = "revision/";

    // Changes that are kept for subscribers who were away.
    private const int MaxRevisions = 64;

    // An hour of microseconds, for clocks that differ.
    private const ulong MaxVersionLead = 3_600_000_000;

    // A name nobody renews comes free again: 396 days, as of certificates.
    private static readonly TimeSpan MaxRecordLife = TimeSpan.FromDays(396);

    private static readonly TimeSpan NegativeTtl = TimeSpan.FromSeconds(5);

    private readonly GrainOptions _options;

    public RegistryGrain(GrainOptions options)
    {
        _options = options;
    }

    public ValueTask<RegistryQueryReply> QueryAsync(RegistryQuery request, CallContext context = default)
    {
        var record = CurrentRecord();
        return new(new RegistryQueryReply
        {
            Name = request.Name,
            Source = record is null ? RegistrySource.Negative : RegistrySource.Authoritative,
            Record = record,
            Addresses = [],
            ValidFor = record is null ? NegativeTtl : Min(record.Record.Ttl, record.Record.ExpiresAt - Context.Now),
        });
    }

    public async ValueTask<RegistryUpdateReply> UpdateAsync(RegistryUpdate request, CallContext context = default)
    {
        if (await AnsweredAsync<RegistryUpdateReply>(request.OperationId, request).ConfigureAwait(true) is { } before)
        {
            return before;
        }

        var record = request.Record.Record;
        if (record.Name != request.Name)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The record names another name.", "record.record.name");
        }

        if (record.ExpiresAt <= Context.Now)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, "The record has expired.", "record.record.expires_at");
        }

        if (record.ExpiresAt > Context.Now + MaxRecordLife)
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"A record lives at most {MaxRecordLife.TotalDays:0} days; publish it again in time.", "record.record.expires_at");
        }

        // Who owns the name is looked up before a signature is verified: the look-up costs nothing.
        if (CurrentRecord() is { } current && !current.Record.Owner.Span.SequenceEqual(record.Owner.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Somebody else owns the name.", "record.record.owner");
        }

        // Also above an expired record's version: what a cache once saw must never come back as newer.
        if (record.Version <= (State?.Version ?? 0))
        {
            throw Refusal.Of(XtmpErrorCode.RegistryVersionConflict, $"The name stands at version {State!.Version}.", "record.record.version");
        }

        if (record.Version > HighestVersion())
        {
            throw Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The version leaps too far ahead; the highest allowed now is {HighestVersion()}.", "record.record.version");
        }

        RequireOwnerSignature(request.Record);
        State = (State ?? Empty()) with { Record = StoredValues.Encode(request.Record), Version = record.Version, PublishedAt = Context.Now, Updates = checked((State?.Updates ?? 0) + 1) };
        Announce(record);
        var reply = new RegistryUpdateReply { Name = request.Name, Version = record.Version, PublishedAt = Context.Now };
        Remember(request.OperationId, request, reply);
        return reply;
    }

    public async ValueTask<RegistryStampReply> StampAsync(RegistryStamp request, CallContext context = default)
    {
        if (await AnsweredAsync<RegistryStampReply>(request.OperationId, request).ConfigureAwait(true) is { } before)
        {
            return before;
        }

        if (CurrentRecord() is not { } current || !context.RequireCaller().IdentityFingerprint.Span.SequenceEqual(current.Record.Owner.Span))
        {
            throw Refusal.Of(XtmpErrorCode.PermissionDenied, "Only the owner of a name makes stamps under it.", "name");
        }

        var state = State!;
        var number = checked(state.Stamps + 1);
        var reply = new RegistryStampReply
        {
            Name = request.Name,
            StampNumber = number,
            DocumentHash = request.DocumentHash,
            StampedAt = Context.Now,
            PreviousHash = state.LastStamp,
            StampHash = RegistrySigning.HashStamp(request.Name, number, request.DocumentHash.Span, Context.Now, state.LastStamp.Span),
        };
        if (_options.SiloIdentity is { } silo)
        {
            reply = RegistrySigning.SignStamp(reply, _options.Network, silo, _options.RequireEntropy());
        }

        State = state with { Stamps = number, LastStamp = reply.StampHash };
        Remember(request.OperationId, request, reply);
        return reply;
    }

    public async ValueTask<RegistryRevisionsReply> RevisionsAsync(RegistryRevisions request, CallContext context = default)
    {
        var after = Math.Max(request.After, State is { } state && state.Updates > MaxRevisions ? state.Updates - MaxRevisions : 0);
        var kept = await Context.Entries.PageAsync(RevisionPrefix, RevisionKey(after), MaxRevisions).ConfigureAwait(true);
        return new RegistryRevisionsReply { First = after + 1, Updates = [.. kept.Select(entry => StoredValues.Decode<RegistryRecordUpdate>(entry.Value))] };
    }

    /// <summary>Keeps the change for those who come later, and tells those who follow the name.</summary>
    private void Announce(RegistryRecord record)
    {
        var sequence = State!.Updates;
        var update = new RegistryRecordUpdate { Name = record.Name, Version = record.Version, Owner = record.Owner, Endpoints = (ushort)record.Endpoints.Count, At = Context.Now };
        Context.Entries.Put(RevisionKey(sequence), update);
        if (sequence > MaxRevisions)
        {
            Context.Entries.Remove(RevisionKey(sequence - MaxRevisions));
        }

        Context.Publish(Topics.OfName(record.Name), new LiveUpdate { Topic = Topics.OfName(record.Name), Sequence = sequence, At = Context.Now, Body = update });
    }

    private void RequireOwnerSignature(SignedRegistryRecord signed)
    {
        if (Fingerprint.Of(signed.MlDsaKey.Span, signed.Ed25519Key.Span) != new Fingerprint(signed.Record.Owner.Span))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, "The owner is not the fingerprint of the two keys.", "record.record.owner");
        }

        if (!RegistrySigning.Verify(signed, _options.Network))
        {
            throw Refusal.Of(XtmpErrorCode.SignatureInvalid, $"The signatures are not the owner's over this record in the network '{_options.Network}'.", "record.ml_dsa_signature");
        }
    }

    /// <summary>
    /// A version may be a counter or the time in µs. Without a bound an owner could publish the last version there is,
    /// let the record expire, and leave a name that nobody can ever take.
    /// </summary>
    private ulong HighestVersion() =>
        Math.Max(State?.Version ?? 0, (ulong)((Context.Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)) + MaxVersionLead;

    private static RegistryState Empty() => new() { Version = 0, Stamps = 0, LastStamp = new byte[32] };

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static string RevisionKey(ulong sequence) => RevisionPrefix + sequence.ToString("d20", CultureInfo.InvariantCulture);

    private static string OperationKey(ReadOnlyMemory<byte> operation) => "op/" + Convert.ToHexStringLower(operation.Span);

    private SignedRegistryRecord? CurrentRecord() =>
        State?.Record is { } bytes && StoredValues.Decode<SignedRegistryRecord>(bytes) is var record && record.Record.ExpiresAt > Context.Now ? record : null;

    private async ValueTask<TReply?> AnsweredAsync<TReply>(ReadOnlyMemory<byte> operation, IXtmpStruct request)
        where TReply : class, IXtmpStruct<TReply>
    {
        if (await Context.Entries.ReadAsync<OperationRecord>(OperationKey(operation)).ConfigureAwait(true) is not { } record)
        {
            return null;
        }

        return record.ContentHash.Span.SequenceEqual(SHA256.HashData(StoredValues.Encode(request)))
            ? StoredValues.Decode<TReply>(record.Reply)
            : throw Refusal.Of(XtmpErrorCode.Conflict, "The operation id was used for another request.", "operation_id");
    }

    private void Remember(ReadOnlyMemory<byte> operation, IXtmpStruct request, IXtmpStruct reply) =>
        Context.Entries.Put(OperationKey(operation), new OperationRecord
        {
            ContentHash = SHA256.HashData(StoredValues.Encode(request)),
            Reply = StoredValues.Encode(reply),
        });
}
