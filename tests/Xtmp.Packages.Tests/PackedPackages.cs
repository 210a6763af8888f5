using Xunit.Sdk;

[assembly: AssemblyFixture(typeof(Xtmp.Packages.Tests.PackedPackages))]

namespace Xtmp.Packages.Tests;

/// <summary>The packages of this tree, packed once into a folder outside it, and scratch projects beside them.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("xtmp-packages-");

    public string Folder => Path.Combine(_root.FullName, "feed");

    public async ValueTask InitializeAsync()
    {
        var configuration = AppContext.BaseDirectory.Replace('\\', '/').Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        var packed = await DotNet.RunAsync(
            Repository.Root, "pack", "Xtmp.Sdk.sln", "--no-build", "-c", configuration, "-o", Folder, "-v", "quiet", "--nologo");
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

    /// <summary>
    /// A project of its own with package references alone. Its packages go to a folder of their own, so that the machine's
    /// cache neither helps nor is filled with packages of this tree.
    /// </summary>
    public string CreateProject(string name, string properties, params string[] packages)
    {
        var folder = _root.CreateSubdirectory(name).FullName;
        var references = string.Concat(packages.Select(package => $"    <PackageReference Include=\"{package}\" Version=\"0.1.0\" />\n"));
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
