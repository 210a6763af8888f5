return await Xtmp.Cli.XtmpCommandLine.RunAsync(args, Console.Out, Console.Error);
