using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>A stream whose body awaits: it is opened within the turn, and what that gives is enumerated.</summary>
internal interface IDeferredStream
{
    ValueTask<IAsyncEnumerable<IXtmpMessage>> OpenAsync();
}

/// <inheritdoc cref="IDeferredStream"/>
internal sealed class DeferredStream<TItem>(Func<ValueTask<IAsyncEnumerable<TItem>>> open) : IAsyncEnumerable<TItem>, IDeferredStream
    where TItem : class, IXtmpMessage
{
    public async ValueTask<IAsyncEnumerable<IXtmpMessage>> OpenAsync() => await open().ConfigureAwait(false);

    /// <summary>For code that calls the grain's method without a silo.</summary>
    public async IAsyncEnumerator<TItem> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var item in (await open().ConfigureAwait(false)).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return item;
        }
    }
}
