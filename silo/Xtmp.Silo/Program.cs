using Xtmp.Silo;

return await SiloCommand.Create().Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = null });
