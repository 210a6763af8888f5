using System.Text.Json;
using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// Runs a Wycheproof vector file through our primitives. "valid" must be accepted with the given output, "invalid" must
/// be refused, "acceptable" may be either, though never with another output.
/// </summary>
public sealed class WycheproofFile(ICryptoProvider provider, Action<string> report)
{
    private delegate Verdict Checker(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider);

    private static readonly Dictionary<string, Checker> s_checkers = new()
    {
        ["MLKEMTest"] = MlKemVectors.Decapsulation,
        ["MLKEMEncapsTest"] = MlKemVectors.Encapsulation,
        ["MLKEMKeyGen"] = MlKemVectors.KeyGeneration,
        ["MLKEMDecapsValidationTest"] = MlKemVectors.ExpandedDecapsulation,
        ["MlDsaSign"] = MlDsaVectors.Sign,
        ["MlDsaVerify"] = MlDsaVectors.Verify,
        ["EddsaVerify"] = CurveVectors.Ed25519Verify,
        ["XdhComp"] = CurveVectors.X25519Agree,
        ["AeadTest"] = SymmetricVectors.Aead,
        ["HkdfTest"] = SymmetricVectors.HkdfExpand,
        ["MacTest"] = SymmetricVectors.Mac,
    };

    /// <summary>The test-group types that are run.</summary>
    public static IEnumerable<string> Types => s_checkers.Keys;

    /// <exception cref="VectorFormatException">The text is no Wycheproof file.</exception>
    public VectorCounts Run(ReadOnlyMemory<byte> json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            throw new VectorFormatException($"not JSON: {error.Message}");
        }

        using (document)
        {
            VectorObject file = new(document.RootElement, "file");
            VectorCounts counts = new(0, 0, 0);
            SortedDictionary<string, int> unknown = [];
            foreach (VectorObject group in file.Objects("testGroups"))
            {
                counts = RunGroup(file, group, counts, unknown);
            }

            foreach ((string type, int tests) in unknown)
            {
                report($"test groups of type {type} are not known here: {tests} tests skipped");
            }

            return counts;
        }
    }

    private VectorCounts RunGroup(VectorObject file, VectorObject group, VectorCounts counts, SortedDictionary<string, int> unknownTypes)
    {
        string type = group.Text("type");
        if (!s_checkers.TryGetValue(type, out Checker? checker))
        {
            int unknown = group.Objects("tests").Count();
            unknownTypes[type] = unknownTypes.GetValueOrDefault(type) + unknown;
            return counts with { Skipped = counts.Skipped + unknown };
        }

        foreach (VectorObject test in group.Objects("tests"))
        {
            int id = test.Number("tcId");
            string expected = test.Text("result");
            Verdict verdict = checker(file, group, test, provider);
            bool? passed = (expected, verdict) switch
            {
                ("valid" or "invalid" or "acceptable", Verdict.NotSupported) => null,
                ("valid", _) => verdict == Verdict.Accepted,
                ("invalid", _) => verdict == Verdict.Rejected,
                ("acceptable", _) => verdict != Verdict.Different,
                _ => throw new VectorFormatException($"{test.Place}: result \"{expected}\" is not known"),
            };
            if (passed == false)
            {
                report($"tcId {id} ({test.TextOr("comment", "")}): expected {expected}, got {verdict}");
            }

            counts = passed switch
            {
                true => counts with { Passed = counts.Passed + 1 },
                false => counts with { Failed = counts.Failed + 1 },
                null => counts with { Skipped = counts.Skipped + 1 },
            };
        }

        return counts;
    }
}
