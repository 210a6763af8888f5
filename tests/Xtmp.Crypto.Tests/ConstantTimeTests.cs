using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Xtmp.Crypto.Tests;

/// <summary>
/// The machine code of every method that handles secrets holds no division, in quick unoptimised code as in optimised
/// code: a child process compiles them all with the just-in-time compiler's listing switched on.
/// </summary>
public sealed partial class ConstantTimeTests
{
    /// <summary>Unoptimised first-call code; optimised code; optimised code of a processor without wide vectors.</summary>
    public static TheoryData<string, string> Compilations() => new()
    {
        { "tier-0", "DOTNET_TieredCompilation=1 DOTNET_TC_QuickJit=1 DOTNET_TC_QuickJitForLoops=1 DOTNET_TieredPGO=0" },
        { "optimised", "DOTNET_TieredCompilation=0 DOTNET_TieredPGO=0" },
        { "optimised without AVX2", "DOTNET_TieredCompilation=0 DOTNET_TieredPGO=0 DOTNET_EnableAVX2=0" },
    };

    [Theory]
    [MemberData(nameof(Compilations))]
    public void no_secret_handling_method_divides(string name, string environment)
    {
        Dictionary<string, List<string>> listings = Compile(environment);
        List<string> missing = [];
        List<string> dividing = [];
        foreach (string method in SecretHandlingMethods.All().Select(SecretHandlingMethods.ListingName).Distinct())
        {
            if (!listings.TryGetValue(method, out List<string>? bodies))
            {
                missing.Add(method);
                continue;
            }

            dividing.AddRange(bodies.Where(body => Division().IsMatch(body)).Select(_ => method));
        }

        Assert.True(missing.Count == 0, $"{name}: not compiled: {string.Join(", ", missing)}");
        Assert.True(dividing.Count == 0, $"{name}: these divide: {string.Join(", ", dividing)}");
    }

    /// <summary>The pattern finds divisions, shown on a method that has one.</summary>
    [Fact]
    public void the_check_finds_a_division_that_is_there()
    {
        Dictionary<string, List<string>> listings = Compile("DOTNET_TieredCompilation=1 DOTNET_TieredPGO=0");
        List<string> bodies = listings[SecretHandlingMethods.ListingName(SecretHandlingMethods.Dividing)];
        Assert.Contains(bodies, body => Division().IsMatch(body));
    }

    /// <summary>Every type says whether it handles secrets, so that a new one cannot slip past the list.</summary>
    [Fact]
    public void every_type_with_code_says_whether_it_handles_secrets()
    {
        IEnumerable<string> silent = typeof(MlKem1024).Assembly.GetTypes()
            .Where(type => type is { IsInterface: false, IsEnum: false, IsNested: false }
                && type.Namespace is "Xtmp" or "Xtmp.Crypto"
                && !type.IsSubclassOf(typeof(Exception))
                && !type.IsSubclassOf(typeof(Attribute))
                && type.GetCustomAttribute<CompilerGeneratedAttribute>() is null
                && type.GetCustomAttribute<SecretHandlingAttribute>() is null
                && type.GetCustomAttribute<PublicDataAttribute>() is null)
            .Select(type => type.Name);
        Assert.Empty(silent);
    }

    [Fact]
    public void every_exemption_gives_a_reason()
    {
        foreach (Type type in typeof(MlKem1024).Assembly.GetTypes())
        {
            foreach (MemberInfo member in type.GetMembers(SecretHandlingMethods.Everything).Prepend(type))
            {
                Assert.True(member.GetCustomAttribute<PublicDataAttribute>() is not { Reason.Length: < 10 }, $"{type.Name}.{member.Name}");
            }
        }
    }

    private static Dictionary<string, List<string>> Compile(string environment)
    {
        string file = Path.GetTempFileName();
        try
        {
            TestChild.Run(
                ["-method", $"{typeof(SecretHandlingMethods).FullName}.{nameof(SecretHandlingMethods.all_compile)}"],
                $"{environment} DOTNET_JitDisasm=Xtmp.*:* DOTNET_JitStdOutFile={file}",
                atLeast: 1);
            return Read(File.ReadLines(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    // "; Assembly listing for method Namespace.Type:Method[...](...) (Tier0)", then the code up to the next such line.
    private static Dictionary<string, List<string>> Read(IEnumerable<string> lines)
    {
        const string header = "; Assembly listing for method ";
        Dictionary<string, List<string>> listings = [];
        string? method = null;
        System.Text.StringBuilder body = new();
        foreach (string line in lines.Append(header))
        {
            if (!line.StartsWith(header, StringComparison.Ordinal))
            {
                body.AppendLine(line);
                continue;
            }

            if (method is not null)
            {
                if (!listings.TryGetValue(method, out List<string>? bodies))
                {
                    listings[method] = bodies = [];
                }

                bodies.Add(body.ToString());
            }

            body.Clear();
            method = MethodName().Match(line[header.Length..]) is { Success: true } match ? match.Groups[1].Value : null;
        }

        return listings;
    }

    // x64's div and idiv, ARM's sdiv and udiv, and the helpers that stand in for them.
    [GeneratedRegex(@"^\s+(i?div|[su]div)\s|CORINFO_HELP_\w*(DIV|MOD)", RegexOptions.Multiline)]
    private static partial Regex Division();

    [GeneratedRegex(@"^([\w.+`]+(?:\[[^:]*\])?:[\w.<>|]+)")]
    private static partial Regex MethodName();
}
