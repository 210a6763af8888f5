namespace Xtmp.Schema.Reading;

/// <summary>Finds what was probably meant by a misspelt word.</summary>
internal static class Suggestion
{
    /// <summary>Longer words are not compared: the distance takes quadratic time.</summary>
    private const int LongestWord = 80;

    /// <summary>The nearest candidate, or null when none is near.</summary>
    public static string? For(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > LongestWord)
        {
            return null;
        }
        string? best = null;
        // A third of the word may be wrong, and always one letter; that keeps 'u8' from being suggested for 'foo'.
        var bestDistance = Math.Max(1, word.Length / 3) + 1;
        foreach (var candidate in candidates.Distinct().OrderBy(c => c, StringComparer.Ordinal))
        {
            if (candidate.Length > LongestWord || candidate == word || Math.Abs(candidate.Length - word.Length) >= bestDistance)
            {
                continue;
            }
            var distance = Distance(Fold(word), Fold(candidate));
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }
        return best;
    }

    /// <summary>Case and separators are the commonest slips, so they cost nothing.</summary>
    private static string Fold(string word) => word.ToLowerInvariant().Replace("-", "_");

    /// <summary>
    /// Damerau–Levenshtein distance with adjacent transpositions (optimal string alignment).
    /// </summary>
    public static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }
        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var distance = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    distance = Math.Min(distance, rows[i - 2, j - 2] + 1);
                }
                rows[i, j] = distance;
            }
        }
        return rows[a.Length, b.Length];
    }
}
