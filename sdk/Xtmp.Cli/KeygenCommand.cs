using System.CommandLine;
using System.Text.Json.Nodes;
using Xtmp.Cli.Schema;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Cli;

/// <summary><c>xtmp keygen FILE</c></summary>
public static class KeygenCommand
{
    public static Command Create()
    {
        Argument<string> file = new("file") { Description = "File to write; one that exists is left alone." };
        Option<string?> publicFile = new("--public") { Description = "File to write the public keys to, for a silo that is to know this identity (xtmp_bundles.nodes)." };
        Option<bool> json = Arguments.Json();
        Command command = new("keygen", """
            Makes an identity (ML-DSA-87 and Ed25519) and prints its fingerprint. The file holds the secret seeds, readable by
            its owner only and not encrypted: whoever reads it is the identity.

            Example: xtmp keygen me.pem
            """);
        command.Arguments.Add(file);
        command.Options.Add(publicFile);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            Terminal terminal = new(parsed, parsed.GetValue(json));
            string path = parsed.GetValue(file)!;
            if (Path.Exists(path))
            {
                terminal.Error($"{path}: exists already and is left alone.");
                return ExitCodes.Usage;
            }

            try
            {
                using IdentityKey identity = IdentityFile.LoadOrCreate(path);
                if (parsed.GetValue(publicFile) is { } target)
                {
                    File.WriteAllText(target, PublicIdentityFile.Write(identity.Public));
                }

                string fingerprint = identity.Public.Fingerprint.ToString();
                if (terminal.IsJson)
                {
                    terminal.Json(new JsonObject { ["file"] = path, ["fingerprint"] = fingerprint });
                }
                else
                {
                    terminal.Line($"fingerprint {fingerprint}");
                }

                return ExitCodes.Ok;
            }
            catch (Exception e) when (e is XtmpException or IOException or UnauthorizedAccessException)
            {
                terminal.Error($"{e.Message}");
                return ExitCodes.Usage;
            }
        });
        return command;
    }
}
