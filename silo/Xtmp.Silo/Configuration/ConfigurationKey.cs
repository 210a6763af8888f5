namespace Xtmp.Silo;

/// <summary>One key of the silo's configuration: how its value is read, where it goes, and what an operator is told about it.</summary>
internal sealed record ConfigurationKey
{
    /// <summary>Section and name, for example <c>xtmp_server.bind_address</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What it takes, as the end of "takes …".</summary>
    public required string Takes { get; init; }

    public required string Description { get; init; }

    /// <summary>A value other than the default, as TOML.</summary>
    public required string Example { get; init; }

    /// <summary>Takes effect when the configuration changes; otherwise at the next start.</summary>
    public bool IsLive { get; init; }

    /// <summary>A list, or a table of names that the operator chooses.</summary>
    public bool IsCollection { get; init; }

    /// <summary>Puts a value in its place; what is wrong with it, or null.</summary>
    public required Func<SiloSettings, ConfigurationValue, string?> Set { get; init; }

    /// <summary>The value in force, as TOML; secrets are left out.</summary>
    public required Func<SiloSettings, string> Show { get; init; }

    public string Section => Path[..Path.IndexOf('.')];

    public string Name => Path[(Path.IndexOf('.') + 1)..];

    /// <summary>The path as the configuration of .NET writes it.</summary>
    public string ConfigurationPath => Path.Replace('.', ':');
}
