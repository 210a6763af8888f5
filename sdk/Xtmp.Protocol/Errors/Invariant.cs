using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Xtmp.Protocol;

/// <summary>
/// Checks that stay on in Release. A broken invariant is a bug in this code, never a peer's doing:
/// what a peer can cause is a status or an <see cref="XtmpException"/>.
/// </summary>
public static class Invariant
{
    /// <summary>Throws <see cref="UnreachableException"/> naming the expression when it is false.</summary>
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? expression = null,
        [CallerFilePath] string? file = null,
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Fail(expression, file, line);
        }
    }

    [DoesNotReturn]
    private static void Fail(string? expression, string? file, int line) =>
        throw new UnreachableException($"Invariant broken: {expression} ({Path.GetFileName(file)}:{line})");
}
