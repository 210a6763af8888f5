using System.CommandLine;
using Xtmp.Cli.Crypto;

RootCommand root = new("Works with XTMP schemas, keys and test vectors.");
root.Subcommands.Add(CryptoCommand.Create());
return root.Parse(args).Invoke();
