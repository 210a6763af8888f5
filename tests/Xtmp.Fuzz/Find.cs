namespace Xtmp.Fuzz;

/// <summary>What does not hold of an input.</summary>
internal sealed class Find(string text, Exception? cause = null) : Exception(text, cause)
{
    public static void Unless(bool condition, string text)
    {
        if (!condition)
        {
            throw new Find(text);
        }
    }
}
