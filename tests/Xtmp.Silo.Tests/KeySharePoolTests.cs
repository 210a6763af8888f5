using Xtmp.Crypto;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

public sealed class KeySharePoolTests
{
    [Fact]
    public async Task no_key_is_given_twice_and_what_was_taken_comes_back()
    {
        using var spares = new KeySharePool(SystemEntropy.Instance, capacity: 3);
        var seen = new HashSet<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        for (var taken = 0; taken < 50;)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (spares.TryTake() is not { } key)
            {
                // The pool is at work on the next one.
                await Task.Yield();
                continue;
            }

            using (key)
            {
                var share = new byte[X25519.KeySize];
                key.WritePublicKey(share);
                Assert.True(seen.Add(Convert.ToHexString(share)));
            }

            taken++;
        }
    }

    [Fact]
    public void gives_nothing_once_disposed()
    {
        var spares = new KeySharePool(SystemEntropy.Instance, capacity: 1);
        spares.Dispose();
        Assert.Null(spares.TryTake());
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeySharePool(SystemEntropy.Instance, capacity: 0));
    }
}
