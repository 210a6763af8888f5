namespace BitChat.Peer;

/// <summary>What a winning bet adds to its stake: <paramref name="Pays"/> chips for every <paramref name="Per"/> staked, rounded down.</summary>
public readonly record struct CrapsOdds(uint Pays, uint Per)
{
    public static CrapsOdds Even => new(1, 1);

    public static CrapsOdds AnySeven => new(4, 1);

    public static CrapsOdds AnyCraps => new(7, 1);

    /// <summary>3, 4, 9, 10 and 11 pay even, 2 pays 2 to 1, 12 pays 3 to 1.</summary>
    public static CrapsOdds OfField(int total) => total switch
    {
        2 => new(2, 1),
        12 => new(3, 1),
        _ => Even,
    };

    public static CrapsOdds OfPlace(byte point) => point switch
    {
        4 or 10 => new(9, 5),
        5 or 9 => new(7, 5),
        _ => new(7, 6),
    };

    public static CrapsOdds OfHardWay(byte point) => point is 4 or 10 ? new(7, 1) : new(9, 1);

    /// <summary>Chips beside the stake. A stake of 2^63 − 1 chips at 9 to 1 does not fit and is <see cref="ulong.MaxValue"/>, which no bank covers.</summary>
    public ulong Win(ulong stake)
    {
        var win = (UInt128)stake * Pays / Per;
        return win > ulong.MaxValue ? ulong.MaxValue : (ulong)win;
    }
}
