using System.CommandLine;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli;

/// <summary><c>xtmp completion bash|zsh|fish|pwsh</c></summary>
public static class CompletionCommand
{
    // Each asks this command itself, by the directive [suggest:POSITION] over the line behind the command's name.
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["bash"] = """
            _xtmp() {
              local line="${COMP_LINE#* }" IFS=$'\n'
              local point=$((COMP_POINT - ${#COMP_LINE} + ${#line}))
              COMPREPLY=($(compgen -W "$(xtmp "[suggest:${point}]" "${line}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _xtmp xtmp
            """,
        ["zsh"] = """
            #compdef xtmp
            _xtmp() {
              local line="${BUFFER#* }"
              local -a found
              found=("${(@f)$(xtmp "[suggest:$((CURSOR - ${#BUFFER} + ${#line}))]" "${line}" 2>/dev/null)}")
              compadd -a found
              _files
            }
            compdef _xtmp xtmp
            """,
        ["fish"] = """
            function __xtmp
              set -l line (commandline -cp | string replace -r '^\S+\s?' '')
              xtmp "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
            end
            complete -c xtmp -a '(__xtmp)'
            """,
        ["pwsh"] = """
            Register-ArgumentCompleter -Native -CommandName xtmp -ScriptBlock {
              param($word, $ast, $position)
              $line = $ast.ToString() -replace '^\S+\s?', ''
              $point = $position - ($ast.ToString().Length - $line.Length)
              xtmp "[suggest:$point]" "$line" 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    public static Command Create()
    {
        Argument<string> shell = new("shell") { Description = $"One of {string.Join(", ", Scripts.Keys)}." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        Command command = new("completion", """
            Prints what a shell needs to complete this command's verbs, options and methods.

            Example: xtmp completion bash >> ~/.bashrc
            Example: xtmp completion fish > ~/.config/fish/completions/xtmp.fish
            """) { shell };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(Scripts[parsed.GetValue(shell)!]);
            return ExitCodes.Ok;
        });
        return command;
    }
}
