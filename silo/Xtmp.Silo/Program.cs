using System.Text.RegularExpressions;
using Xtmp.Silo;

var parsed = SiloCommand.Create().Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        // The library's own words for a value that does not fit name a CLR type.
        var message = Regex.Replace(error.Message, "^Cannot parse argument '(.*)' for option '(.*)' as expected type '[^']*'\\.", "$2 does not take '$1'.");
        Console.Error.WriteLine($"xtmp-silo: {message}");
    }

    Console.Error.WriteLine("See --help.");
    return 2;
}

// The silo drains by itself within its own time; the library must not cut that short.
return await parsed.InvokeAsync(new() { ProcessTerminationTimeout = null });
