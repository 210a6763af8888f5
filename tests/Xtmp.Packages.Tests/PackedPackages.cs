using Xunit.Sdk;

[assembly: AssemblyFixture(typeof(Xtmp.Packages.Tests.PackedPackages))]

namespace Xtmp.Packages.Tests;

/// <summary>The packages of this tree, packed once into a folder outside it, and scratch projects beside them.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("xtmp-packages-");

    /// <summary>The configuration that the tests were built in, and the packages with them.</summary>
    public static string Configuration { get; } = AppContext.BaseDirectory.Replace('\\', '/').Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    public string Folder => Path.Combine(_root.FullName, "feed");

    public async ValueTask InitializeAsync()
    {
        var packed = await DotNet.RunAsync(
            Repository.Root, "pack", "Xtmp.Sdk.sln", "--no-build", "-c", Configuration, "-o", Folder, "-v", "quiet", "--nologo");
        if (packed.ExitCode != 0)
        {
            throw new XunitException($"dotnet pack failed.\n{packed.Output}");
        }
    }

    public ValueTask DisposeAsync()
    {
        _root.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>A folder of its own, outside the tree.</summary>
    public string CreateFolder(string name) => _root.CreateSubdirectory(name).FullName;

    /// <summary>Installs the tool from the folder of packages; gives its path.</summary>
    public async Task<string> InstallToolAsync(string folder)
    {
        var installed = await DotNet.RunAsync(folder, "tool", "install", "Xtmp.Cli", "--version", "0.1.0", "--tool-path", "tools", "--add-source", Folder);
        Assert.True(installed.ExitCode == 0, installed.Output);
        return Path.Combine(folder, "tools", OperatingSystem.IsWindows() ? "xtmp.exe" : "xtmp");
    }

    /// <summary>
    /// A project of its own with package references alone. Its packages go to a folder of their own, so that the machine's
    /// cache neither helps nor is filled with packages of this tree.
    /// </summary>
    /// <param name="name">Of the project.</param>
    /// <param name="properties">Lines for its property group.</param>
    /// <param name="packages">Packages of this tree, or <c>name/version</c> of others.</param>
    public string CreateProject(string name, string properties, params string[] packages)
    {
        var folder = _root.CreateSubdirectory(name).FullName;
        var references = string.Concat(packages.Select(package => package.Split('/')).Select(package => $"    <PackageReference Include=\"{package[0]}\" Version=\"{package.ElementAtOrDefault(1) ?? "0.1.0"}\" />\n"));
        File.WriteAllText(
            Path.Combine(folder, name + ".csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <WarningsNotAsErrors>NU1603</WarningsNotAsErrors>
                <NuGetAudit>false</NuGetAudit>
                <RestoreAdditionalProjectSources>{Folder}</RestoreAdditionalProjectSources>
                <RestorePackagesPath>{Path.Combine(_root.FullName, "cache")}</RestorePackagesPath>
            {properties}
              </PropertyGroup>
              <ItemGroup>
            {references}    <AdditionalFiles Include="*.yaml" />
              </ItemGroup>
            </Project>
            """);
        return folder;
    }
}
