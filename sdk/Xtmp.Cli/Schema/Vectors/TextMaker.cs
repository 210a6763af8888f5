using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Makes strings within limits, and such as a pattern accepts or refuses.</summary>
public static class TextMaker
{
    /// <param name="type">A string type.</param>
    /// <param name="variant">Shortest, middling or longest.</param>
    /// <param name="path">Gives the letters.</param>
    /// <param name="longest">Most UTF-8 bytes, whatever the type allows.</param>
    public static string Make(TypeModel type, VectorVariant variant, string path, int longest)
    {
        int max = Math.Max(type.MinLength, Math.Min(type.MaxLength, longest));
        if (type.Pattern is { } pattern)
        {
            return Match(pattern, type.MinLength, max, type.MaxLength, variant, path);
        }

        int length = variant switch
        {
            VectorVariant.Min => type.MinLength,
            VectorVariant.Typical => Math.Clamp(12, type.MinLength, max),
            _ => max,
        };
        // The longest ends in a letter of two bytes, because limits count bytes and not letters.
        return variant == VectorVariant.Max && length >= 2 ? Letters(path, length - 2) + "é" : Letters(path, length);
    }

    /// <summary>A string within the limits that the pattern refuses, or null when it refuses none of those tried.</summary>
    public static string? Mismatch(TypeModel type)
    {
        foreach (char c in "~ \u0001aA0.-")
        {
            string text = new(c, Math.Max(1, type.MinLength));
            if (text.Length <= type.MaxLength && !type.Pattern!.Matches(text))
            {
                return text;
            }
        }

        return null;
    }

    private static string Match(PatternModel pattern, int min, int max, int limit, VectorVariant variant, string path)
    {
        // accepts[n][s]: from state s the string can end after exactly n more characters.
        List<bool[]> accepts = [[.. pattern.Accepting]];
        for (int n = 1; n <= max; n++)
        {
            accepts.Add([.. Enumerable.Range(0, pattern.States).Select(s => Steps(pattern, s).Any(step => accepts[n - 1][step.To]))]);
        }

        List<int> lengths = [.. Enumerable.Range(min, max - min + 1).Where(n => accepts[n][0])];
        if (lengths.Count == 0)
        {
            // The reader made sure that some length within the limits matches; it is a long one.
            return max < limit ? Match(pattern, min, Math.Min(limit, max * 2), limit, variant, path)
                : throw new InvalidOperationException($"{path}: no string of {min} to {limit} bytes matches '{pattern.Text}'.");
        }

        int length = variant switch
        {
            VectorVariant.Min => lengths[0],
            VectorVariant.Typical => lengths[Math.Min(lengths.Count - 1, lengths.FindIndex(n => n >= 6) is var i && i >= 0 ? i : lengths.Count - 1)],
            _ => lengths[^1],
        };
        StringBuilder text = new();
        int state = 0;
        for (int left = length; left > 0; left--)
        {
            (char Character, int To)[] steps = [.. Steps(pattern, state).Where(step => accepts[left - 1][step.To])];
            // Letters and digits read better than what else a pattern may allow.
            (char Character, int To)[] readable = [.. steps.Where(s => char.IsAsciiLetterOrDigit(s.Character))];
            steps = readable.Length > 0 ? readable : steps;
            (char character, state) = steps[(int)(ValueMaker.Hash($"{path}@{left}") % (ulong)steps.Length)];
            text.Append(character);
        }

        return text.ToString();
    }

    private static IEnumerable<(char Character, int To)> Steps(PatternModel pattern, int state)
    {
        for (int c = 0; c < 128; c++)
        {
            int to = pattern.Transitions[(state * pattern.ClassCount) + pattern.Classes[c]];
            if (to >= 0)
            {
                yield return ((char)c, to);
            }
        }
    }

    private static string Letters(string path, int length) =>
        string.Create(length, path, (span, seed) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = (char)('a' + (int)(ValueMaker.Hash($"{seed}@{i}") % 26));
            }
        });
}
