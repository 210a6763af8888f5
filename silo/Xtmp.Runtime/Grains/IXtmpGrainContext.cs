using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// All a grain sees of the world. Everything that changes something takes effect when the turn commits, and nothing of
/// it does when the turn throws.
/// </summary>
public interface IXtmpGrainContext
{
    GrainId Id { get; }

    string Kind => Id.Kind;

    string Key => Id.Key;

    /// <summary>When the turn started; the same throughout the turn. Microsecond precision, UTC.</summary>
    DateTimeOffset Now { get; }

    /// <summary>
    /// Reading of the silo's monotonic clock at the start of the turn; the same throughout. It says nothing to another
    /// activation of the grain, let alone another silo.
    /// </summary>
    TimeSpan Monotonic { get; }

    /// <summary>
    /// Calls to other grains, for generated clients. The turn waits, so await them inside it. A call back into a grain
    /// that already waits gets <see cref="XtmpErrorCode.CallCycle"/>. What the callee commits stays, also when this turn
    /// then throws: for changes that belong together use <see cref="Send{TRequest}"/>.
    /// </summary>
    ICallInvoker Calls { get; }

    /// <summary>Keyed records of this grain beside its state, committed with it.</summary>
    IGrainEntries Entries { get; }

    /// <summary>True where the grain of that id has committed anything. Runs no turn of it, so it cannot deadlock.</summary>
    ValueTask<bool> ExistsAsync(GrainId id);

    /// <summary>
    /// Puts a message into the durable outbox: it is committed with this turn and then delivered at least once, also
    /// after a restart. A refusal that is not retryable comes back as <see cref="XtmpGrain.OnRefusedAsync"/>.
    /// </summary>
    /// <param name="method">A method of a kind registered with the silo.</param>
    /// <param name="request">The message. It carries what the receiver deduplicates by.</param>
    /// <param name="replyWaits">
    /// How long this turn's reply is held back for the delivery, after the commit and without holding the grain. When the
    /// time is over the reply leaves all the same; when the receiver refuses, the refusal takes its place.
    /// </param>
    /// <param name="notify">True runs <see cref="XtmpGrain.OnDeliveredAsync"/> on this grain after the delivery; the reply waits for that as well.</param>
    void Send<TRequest>(MethodDescriptor<TRequest> method, TRequest request, TimeSpan replyWaits = default, bool notify = false)
        where TRequest : class, IXtmpMessage<TRequest>;

    /// <summary>
    /// Makes the reply of this call depend on <paramref name="check"/>, which runs after the turn, off the grain, with at most
    /// so many at once in a silo and in fair order between sessions. For signatures of callers nobody knows yet: the turn looks
    /// up what they are checked with and changes nothing. The refusal that <paramref name="check"/> gives replaces the reply.
    /// </summary>
    /// <param name="check">Touches nothing of the grain; null means that all is well. It must not throw.</param>
    /// <exception cref="InvalidOperationException">The turn is not a unary call's, or has a check already.</exception>
    void CheckReply(Func<XtmpException?> check);

    /// <summary>
    /// Lets a later turn give the reply of this call: the grain goes on to other turns meanwhile, as long as the caller has
    /// patience. What this turn changes is committed at its end all the same. Where the activation goes before the reply was
    /// given, the call is made again at its successor: it must be harmless to repeat.
    /// </summary>
    /// <param name="later">Gives the reply, from within a turn.</param>
    /// <returns>What the method returns; nobody sees it.</returns>
    /// <exception cref="InvalidOperationException">The turn is not a unary call's, or has deferred its reply already.</exception>
    TReply DeferReply<TReply>(out IDeferredReply<TReply> later)
        where TReply : class, IXtmpMessage;

    /// <summary>Publishes an item to every subscriber of the topic after the commit.</summary>
    void Publish(string topic, IXtmpMessage item);

    /// <summary>
    /// Subscribes to a topic from now on. What a stream method returns is enumerated outside turns; take what it needs of
    /// the state first.
    /// </summary>
    IAsyncEnumerable<TopicEvent<TItem>> Subscribe<TItem>(string topic, SubscriptionOptions? options = null)
        where TItem : class, IXtmpMessage<TItem>;

    /// <summary>What a stream method returns when its body has to await: <paramref name="open"/> runs in the turn.</summary>
    IAsyncEnumerable<TItem> OpenStream<TItem>(Func<ValueTask<IAsyncEnumerable<TItem>>> open)
        where TItem : class, IXtmpMessage;

    /// <summary>Sets or replaces a durable reminder. A reminder that came due while no silo ran fires at the next start.</summary>
    /// <param name="name">Unique within the grain, 1–<see cref="ReminderRecord.MaxNameLength"/> characters.</param>
    /// <param name="due">Time from now until it fires.</param>
    /// <param name="period">Time between firings after that, at least one second; null fires once.</param>
    void SetReminder(string name, TimeSpan due, TimeSpan? period = null);

    /// <summary>Removes a reminder; does nothing where there is none.</summary>
    void RemoveReminder(string name);

    /// <summary>
    /// Runs <paramref name="callback"/> as a turn after <paramref name="due"/> and then each <paramref name="period"/>
    /// (null: once), as long as the grain stays active. Dispose to stop it. A timer is not durable: it starts at once, also
    /// when this turn then throws.
    /// </summary>
    IDisposable StartTimer(Func<ValueTask> callback, TimeSpan due, TimeSpan? period = null);

    /// <summary>
    /// Removes all the store has of this grain, with this turn's commit: state, entries, reminders. Messages of the turn
    /// and earlier ones still leave. For grains whose key never comes back: a later grain under the same key starts
    /// from nothing.
    /// </summary>
    void Forget();

    /// <summary>Lets this activation go after the turn; the next call loads the grain again.</summary>
    void DeactivateWhenDone();

    /// <exception cref="InvalidOperationException">No turn of this grain is running.</exception>
    void EnsureTurn();
}
