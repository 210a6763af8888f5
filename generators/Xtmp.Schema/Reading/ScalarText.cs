using System.Globalization;
using System.Numerics;

namespace Xtmp.Schema.Reading;

/// <summary>Numbers and booleans as schemas write them, independent of culture.</summary>
internal static class ScalarText
{
    /// <summary>More digits than any type of the language has.</summary>
    private const int MaxDigits = 60;

    public static bool TryBoolean(ScalarNode scalar, out bool value)
    {
        value = scalar.Text == "true";
        return scalar.Plain && scalar.Text is "true" or "false";
    }

    public static bool TryInteger(ScalarNode scalar, out BigInteger value)
    {
        value = default;
        return scalar.Plain && TryInteger(scalar.Text, out value);
    }

    /// <summary>Decimal with an optional sign, or hexadecimal after 0x; underscores may stand between digits.</summary>
    public static bool TryInteger(string text, out BigInteger value)
    {
        value = default;
        var negative = text.StartsWith("-", StringComparison.Ordinal);
        var digits = text.Substring(negative || text.StartsWith("+", StringComparison.Ordinal) ? 1 : 0);
        var hexadecimal = digits.StartsWith("0x", StringComparison.Ordinal);
        digits = hexadecimal ? digits.Substring(2) : digits;
        if (digits.Length is 0 or > MaxDigits || digits[0] == '_' || digits[digits.Length - 1] == '_' || digits.Contains("__"))
        {
            return false;
        }
        foreach (var c in digits)
        {
            if (c == '_')
            {
                continue;
            }
            var digit = c is >= '0' and <= '9' ? c - '0' : !hexadecimal ? -1 : c is >= 'a' and <= 'f' ? c - 'a' + 10 : c is >= 'A' and <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0)
            {
                return false;
            }
            value = (value * (hexadecimal ? 16 : 10)) + digit;
        }
        value = negative ? -value : value;
        return true;
    }

    /// <summary>A finite number.</summary>
    public static bool TryNumber(ScalarNode scalar, out double value)
    {
        value = 0;
        if (!scalar.Plain)
        {
            return false;
        }
        if (TryInteger(scalar.Text, out var integer))
        {
            value = (double)integer;
            return true;
        }
        return scalar.Text.Length <= MaxDigits
            && double.TryParse(scalar.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
            && !double.IsNaN(value) && !double.IsInfinity(value);
    }

    /// <summary>Two integers joined by '-', or one.</summary>
    public static bool TryRange(string text, out BigInteger first, out BigInteger last)
    {
        last = default;
        var dash = text.IndexOf('-');
        if (dash < 0)
        {
            var single = TryInteger(text.Trim(), out first);
            last = first;
            return single;
        }
        return TryInteger(text.Substring(0, dash).Trim(), out first) & TryInteger(text.Substring(dash + 1).Trim(), out last);
    }
}
