return Xtmp.Cli.XtmpCommandLine.Run(args, Console.Out, Console.Error);
