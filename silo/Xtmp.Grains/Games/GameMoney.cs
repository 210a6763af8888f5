using System.Security.Cryptography;

namespace Xtmp.Grains;

/// <summary>Who pays whom when a game is over, so that every wallet ends with what it is owed.</summary>
internal static class GameMoney
{
    /// <summary>A capture of one place's hold for another's wallet.</summary>
    public readonly record struct Payment(int From, int To, ulong Amount);

    /// <summary>What losers pay to winners, in the order of places. The sums of both sides are equal, so nothing is left over.</summary>
    /// <param name="buyIns">What each place set aside, the bank last.</param>
    /// <param name="owed">What each is owed; the same sum.</param>
    public static IReadOnlyList<Payment> Payments(IReadOnlyList<ulong> buyIns, IReadOnlyList<ulong> owed)
    {
        var payments = new List<Payment>();
        var losses = buyIns.Zip(owed, (had, gets) => had > gets ? had - gets : 0).ToArray();
        var gains = buyIns.Zip(owed, (had, gets) => gets > had ? gets - had : 0).ToArray();
        for (int from = 0, to = 0; from < losses.Length && to < gains.Length;)
        {
            if (losses[from] == 0)
            {
                from++;
            }
            else if (gains[to] == 0)
            {
                to++;
            }
            else
            {
                var amount = Math.Min(losses[from], gains[to]);
                payments.Add(new Payment(from, to, amount));
                losses[from] -= amount;
                gains[to] -= amount;
            }
        }

        return payments;
    }

    /// <summary>The operation id of a payment: the same whenever it is tried again.</summary>
    public static byte[] OperationOf(string game, Payment payment) =>
        SHA256.HashData([.. "XTMP1 game payment"u8, .. System.Text.Encoding.ASCII.GetBytes(game), (byte)payment.From, (byte)payment.To])[..16];
}
