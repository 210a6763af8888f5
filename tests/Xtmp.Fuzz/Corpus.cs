using System.Globalization;

namespace Xtmp.Fuzz;

/// <summary>Inputs that are checked in, one a file: as hex with <c>[00*32]</c> for 32 zero bytes, or as text.</summary>
internal static class Corpus
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "corpus");

    public static IEnumerable<byte[]> Read(string target) => Files(target, "*.hex").Select(path => FromHex(File.ReadAllText(path)));

    public static IEnumerable<byte[]> ReadText(string target) => Files(target, "*.yaml").Select(File.ReadAllBytes);

    public static byte[] FromHex(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
            }
            else if (text[i] == '[')
            {
                var end = text.IndexOf(']', i);
                var run = text[(i + 1)..end].Split('*');
                bytes.AddRange(Enumerable.Repeat(byte.Parse(run[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), int.Parse(run[1], CultureInfo.InvariantCulture)));
                i = end + 1;
            }
            else
            {
                bytes.Add(byte.Parse(text.AsSpan(i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 2;
            }
        }

        return [.. bytes];
    }

    private static IEnumerable<string> Files(string target, string pattern)
    {
        var folder = Path.Combine(Folder, target);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal) : [];
    }
}
