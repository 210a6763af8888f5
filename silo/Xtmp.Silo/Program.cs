using Xtmp.Silo;

var parsed = SiloCommand.Create().Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        Console.Error.WriteLine($"xtmp-silo: {error.Message}");
    }

    Console.Error.WriteLine("See --help.");
    return 2;
}

// The silo drains by itself within its own time; the library must not cut that short.
return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = null });
