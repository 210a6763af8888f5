using System.Text.Json.Nodes;

namespace CrapsTable;

/// <summary>One line for each thing that happens: text, or an object with the fields step and detail.</summary>
internal sealed class Reporter(TextWriter output, bool json)
{
    private readonly Lock _gate = new();

    public void Tell(string step, string detail)
    {
        lock (_gate)
        {
            output.WriteLine(json ? new JsonObject { ["step"] = step, ["detail"] = detail }.ToJsonString() : $"{step,-12} {detail}");
        }
    }
}
