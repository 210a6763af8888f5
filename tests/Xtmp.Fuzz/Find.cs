namespace Xtmp.Fuzz;

/// <summary>What is wrong about an input.</summary>
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
