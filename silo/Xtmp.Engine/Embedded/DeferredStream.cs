namespace Xtmp.Engine;

/// <summary>A stream whose body awaits: the engine opens it within the turn and enumerates what that gives.</summary>
internal sealed class DeferredStream<TItem>(Func<ValueTask<IAsyncEnumerable<TItem>>> open) : IAsyncEnumerable<TItem>
{
    public ValueTask<IAsyncEnumerable<TItem>> OpenAsync() => open();

    /// <summary>For code that calls the grain's method without an engine.</summary>
    public async IAsyncEnumerator<TItem> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var item in (await open().ConfigureAwait(false)).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return item;
        }
    }
}
