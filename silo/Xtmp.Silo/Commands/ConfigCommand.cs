using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace Xtmp.Silo;

/// <summary><c>xtmp-silo config check</c> and <c>keys</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create(Option<FileInfo?> config)
    {
        var check = new Command("check", "Reads the configuration as a start would, and lists all of its mistakes: exit code 2 where there are any.");
        check.SetAction(parsed => Check(parsed.GetValue(config)));
        var keys = new Command("keys", "Prints every key with its default, as the TOML file to begin with.");
        keys.SetAction(_ => Console.Out.Write(Template()));
        return new Command("config", "Checks the configuration, or prints the keys it may have.") { check, keys };
    }

    /// <summary>All keys with their defaults, commented out.</summary>
    public static string Template()
    {
        var defaults = new SiloSettings(new SiloOptions());
        var text = new System.Text.StringBuilder("# Every key of an XTMP silo with its default. silo/docs/operate.md says more.\n");
        foreach (var section in ConfigurationKeys.All.GroupBy(key => key.Section))
        {
            text.Append($"\n[{section.Key}]\n");
            foreach (var key in section)
            {
                text.Append($"# {key.Description} Takes {key.Takes}.\n#{key.Name} = {key.Show(defaults)}\n");
            }
        }

        return text.ToString();
    }

    private static int Check(FileInfo? file)
    {
        var configuration = new ConfigurationManager();
        try
        {
            SiloProcess.AddSources(configuration, file, reload: false);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            Console.Error.WriteLine(error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message);
            return 2;
        }

        var options = new SiloOptions();
        var silo = new ConfiguredSilo(configuration);
        silo.Configure(options);
        var mistakes = (silo.Validate(null, options).Failures ?? []).Concat(new SiloOptionsValidator().Validate(null, options).Failures ?? []).ToList();
        mistakes.ForEach(Console.Error.WriteLine);
        if (mistakes.Count == 0)
        {
            Console.Out.WriteLine("no mistakes");
        }

        return mistakes.Count == 0 ? 0 : 2;
    }
}
