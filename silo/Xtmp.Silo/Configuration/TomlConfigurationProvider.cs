using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Xtmp.Silo;

/// <summary>
/// A TOML file as a source of configuration. Keeps the line of each key. A file that cannot be read or parsed, or is gone, leaves
/// what was read before and is a mistake, so that a slip of the editor never loosens a running silo.
/// </summary>
internal sealed class TomlConfigurationProvider : ConfigurationProvider, IDisposable
{
    private const long MaxFileBytes = 1024 * 1024;

    // Editors write in several steps.
    private static readonly TimeSpan SettlingTime = TimeSpan.FromMilliseconds(200);

    private readonly string _path;
    private readonly string _name;
    private readonly PhysicalFileProvider? _files;
    private readonly IDisposable? _watch;
    private Dictionary<string, int> _lines = new(StringComparer.OrdinalIgnoreCase);
    private string? _text;

    /// <param name="path">The file.</param>
    /// <param name="reload">Read it again when it changes.</param>
    public TomlConfigurationProvider(string path, bool reload)
    {
        _path = Path.GetFullPath(path);
        _name = path;
        if (reload && Path.GetDirectoryName(_path) is { } directory && Directory.Exists(directory))
        {
            _files = new PhysicalFileProvider(directory, Microsoft.Extensions.FileProviders.Physical.ExclusionFilters.None);
            _watch = ChangeToken.OnChange(() => _files.Watch(Path.GetFileName(_path)), () => _ = ReloadAsync());
        }
    }

    /// <summary>What keeps the file from being used, each with its line.</summary>
    public IReadOnlyList<string> Mistakes { get; private set; } = [];

    public override void Load() => Read();

    /// <summary>Where a key stands: the file and the line.</summary>
    public string Locate(string key) => _lines.TryGetValue(key, out var line) ? $"{_name}:{line}" : _name;

    public override string ToString() => _name;

    public void Dispose()
    {
        _watch?.Dispose();
        _files?.Dispose();
    }

    private async Task ReloadAsync()
    {
        await Task.Delay(SettlingTime).ConfigureAwait(false);
        if (Read())
        {
            OnReload();
        }
    }

    /// <summary>True where the file is another than before.</summary>
    private bool Read()
    {
        lock (_name)
        {
            string text;
            try
            {
                if (new FileInfo(_path) is { Exists: true, Length: > MaxFileBytes })
                {
                    throw new IOException($"it is over {MaxFileBytes} bytes");
                }

                text = File.ReadAllText(_path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                var isNew = _text is not null || Mistakes.Count == 0;
                _text = null;
                Mistakes = [$"{_name}: cannot be read: {error.Message}"];
                return isNew;
            }

            if (text == _text)
            {
                return false;
            }

            _text = text;
            Parse(text);
            return true;
        }
    }

    private void Parse(string text)
    {
        var document = SyntaxParser.Parse(text, _name, validate: true);
        if (document.HasErrors)
        {
            Mistakes = [.. document.Diagnostics.Where(diagnostic => diagnostic.Kind == DiagnosticMessageKind.Error).Select(diagnostic => $"{_name}:{diagnostic.Span.Start.Line + 1}: {diagnostic.Message}")];
            return;
        }

        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var lines = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var mistakes = new List<string>();
        Add("", document.KeyValues);
        foreach (var table in document.Tables)
        {
            var name = Name(table.Name!);
            if (table is TableArraySyntax)
            {
                mistakes.Add($"{_name}:{table.Span.Start.Line + 1}: [[{name}]]: no key takes a list of tables");
                continue;
            }

            lines[name] = table.Span.Start.Line + 1;
            Add(name + ConfigurationPath.KeyDelimiter, table.Items);
        }

        Mistakes = mistakes;
        if (mistakes.Count == 0)
        {
            Data = data;
            _lines = lines;
        }

        void Add(string prefix, IEnumerable<KeyValueSyntax> pairs)
        {
            foreach (var pair in pairs)
            {
                Put(prefix + Name(pair.Key!), pair.Value!, pair.Span.Start.Line + 1);
            }
        }

        void Put(string key, ValueSyntax value, int line)
        {
            lines[key] = line;
            switch (value)
            {
                case ArraySyntax { Items.ChildrenCount: 0 }:
                    data[key] = "";
                    break;
                case ArraySyntax array:
                    var index = 0;
                    foreach (var item in array.Items)
                    {
                        Put($"{key}{ConfigurationPath.KeyDelimiter}{index++}", item.Value!, item.Span.Start.Line + 1);
                    }

                    break;
                case InlineTableSyntax table:
                    foreach (var item in table.Items)
                    {
                        Put(key + ConfigurationPath.KeyDelimiter + Name(item.KeyValue!.Key!), item.KeyValue.Value!, item.Span.Start.Line + 1);
                    }

                    break;
                default:
                    if (!data.TryAdd(key, Scalar(value)))
                    {
                        mistakes.Add($"{_name}:{line}: {key.Replace(ConfigurationPath.KeyDelimiter, ".", StringComparison.Ordinal)}: given twice; the case of letters makes no difference");
                    }

                    break;
            }
        }
    }

    private static string Scalar(ValueSyntax value) => value switch
    {
        StringValueSyntax text => text.Value ?? "",
        BooleanValueSyntax flag => flag.Value ? "true" : "false",
        IntegerValueSyntax number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        FloatValueSyntax number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString().Trim(),
    };

    private static string Name(KeySyntax key) => string.Join(ConfigurationPath.KeyDelimiter, key.DotKeys.Select(part => Part(part.Key)).Prepend(Part(key.Key)));

    private static string Part(BareKeyOrStringValueSyntax? part) => part switch
    {
        StringValueSyntax text => text.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };
}

/// <summary>Adds a <see cref="TomlConfigurationProvider"/>.</summary>
internal sealed class TomlConfigurationSource(string path, bool reload) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new TomlConfigurationProvider(path, reload);
}
