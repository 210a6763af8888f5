using System.CommandLine;

namespace Xtmp.Silo;

/// <summary><c>xtmp-silo audit verify</c></summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "The audit log, also while the silo writes it." };
        var head = new Option<string?>("--head") { Description = "Hash that an earlier look gave: the chain must contain it, so that lines cut off at the end are noticed." };
        var verify = new Command("verify", "Follows the chain of hashes. Exit code 1 and the number of the line where it breaks; else the count of lines and the hash of the last, to keep elsewhere.") { file, head };
        verify.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!.FullName;
            try
            {
                var state = AuditLog.Verify(path, parsed.GetValue(head));
                (state.Mistake is null ? Console.Out : Console.Error).WriteLine(state.Mistake is null ? $"{state.Lines} lines, head {state.Head}" : $"{path}: {state.Mistake}");
                return state.Mistake is null ? 0 : 1;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"xtmp-silo: {error.Message}");
                return 1;
            }
        });
        return new Command("audit", "Looks at the log of security events.") { verify };
    }
}
